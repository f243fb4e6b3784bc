/**
 * The readers of PKCS#7, PKCS#12 and Java keystores, on stores that are bent here and there.
 */
import { chainFormat } from '../../../src/files/chain-format.ts';
import type { Stored, Trouble } from '../../../src/files/container.ts';
import { readJavaKeystore } from '../../../src/files/java-keystore.ts';
import { passwordOf } from '../../../src/files/password.ts';
import { readPkcs7 } from '../../../src/files/pkcs7.ts';
import { readPkcs12 } from '../../../src/files/pkcs12.ts';
import type { Result } from '../../../src/model/result.ts';
import { Deadline } from '../../../src/time/deadline.ts';
import { createCa } from '../../support/pki/pki.ts';
import {
  certBag,
  data,
  encrypted,
  indefinite,
  javaKeystore,
  octetsInPieces,
  pbmac1,
  pfx,
  pkcs7,
  someMac,
} from '../../support/stores.ts';
import { ensure, type Fuzzer } from '../fuzzer.ts';
import { bend } from '../random.ts';

function stores(): readonly Buffer[] {
  const leaf = createCa({ now: Date.UTC(2026, 10, 24) })
    .issueCa({ subject: 'CN=CA' })
    .issue({ sans: ['dns:a.example'] });
  const ders = leaf.chainWithRoot.map(({ der }) => der);
  const part = data(
    Buffer.concat([Buffer.of(0x30, 0x80), ...ders.map((der) => certBag(der, 'name')), Buffer.of(0, 0)]),
  );
  const pieces = indefinite(
    0x30,
    Buffer.from('06092a864886f70d010701', 'hex'),
    indefinite(0xa0, octetsInPieces(part, 50)),
  );
  const chain = { alias: 'key', chain: ders };
  const secret = { alias: 'secret', secret: Buffer.alloc(40) };
  return [
    pkcs7(ders),
    pfx([part], pbmac1([part], 'secret')),
    pfx([part, encrypted()], someMac(1)),
    pfx([pieces, part]),
    javaKeystore([chain, { alias: 'trusted', trusted: ders[0]! }]),
    javaKeystore([secret, chain, secret], { magic: 'cececece', password: 'secret' }),
  ];
}

let samples: readonly Buffer[] | undefined;

export const containers: Fuzzer = {
  name: 'containers',
  promise: 'a store gives certificates that fit into it, or a reason and a sentence without its content',
  make(random) {
    samples ??= stores();
    return bend(random.pick(samples), random);
  },
  async run(input) {
    const format = chainFormat(input);
    if (format.kind !== 'container') return;
    for (const password of [undefined, passwordOf(Buffer.from('secret'))]) {
      const options = { deadline: Deadline.none(), ...(password ? { password } : {}) };
      let read: Result<readonly Stored[], Trouble>;
      if (format.format === 'pkcs7') read = readPkcs7(input);
      else if (format.format === 'pkcs12') read = await readPkcs12(input, options);
      else read = readJavaKeystore(input, options);
      if (read.ok) {
        ensure(read.value.length > 0, 'at least one certificate');
        const octets = read.value.reduce((sum, { der }) => sum + der.length, 0);
        ensure(octets <= input.length, 'no more certificates than fit into the file');
      } else {
        ensure(/^[a-z0-9-]+$/.test(read.error.reason), 'a reason is a word');
        ensure(/^[\x20-\x7e]{10,200}$/.test(read.error.what), 'a sentence, of plain text');
      }
    }
  },
};
