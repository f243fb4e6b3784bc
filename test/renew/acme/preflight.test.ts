/**
 * What preflight makes of names that DNS does not have: whose CA it is, and whether this machine knows the name, decides.
 * Name servers on loopback.
 */

import { expect, test } from 'vitest';
import { ACME_DIRECTORIES } from '../../../src/config/acme-directories.ts';
import type { Directory } from '../../../src/renew/acme/ca/objects.ts';
import type { AcmeWarning } from '../../../src/renew/acme/job.ts';
import { preflight } from '../../../src/renew/acme/preflight/preflight.ts';
import type { Work } from '../../../src/renew/acme/work.ts';
import { Deadline } from '../../../src/time/deadline.ts';
import { freePort } from '../../support/ports.ts';
import { dnsServer } from '../../support/servers/dns-server.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const PRIVATE = 'https://ca.shop.example/directory';
const PUBLIC = ACME_DIRECTORIES.letsencrypt!;

async function fly(name: string, url: string) {
  await using dns = await dnsServer({ 'silent.example': 'silent', 'www.shop.example': ['192.0.2.1'] });
  await using folder = await tempFolder('preflight');
  const warnings: AcmeWarning[] = [];
  const deadline = Deadline.after(10_000);
  const port = await freePort();
  const work: Work = {
    job: {
      directory: url,
      account: { folder: folder.path, contact: [], agreeTos: true },
      identifiers: [name],
      key: { kind: 'new', type: 'ec256' },
      challenge: { type: 'http-01', listen: `127.0.0.1:${port}` },
      outDir: folder.path,
      nameServers: [dns.address],
    },
    deadline,
    life: deadline,
    now: () => 0,
    env: {},
    kill: () => {},
    emit: () => {},
    warn: (warning) => void warnings.push(warning),
  };
  const directory: Directory = {
    url,
    newNonce: '',
    newAccount: '',
    newOrder: '',
    caaIdentities: [],
    externalAccountRequired: false,
  };
  const flown = await preflight([{ type: 'dns', value: name }], directory, work);
  deadline.release();
  return { failed: flown.ok ? undefined : flown.error, codes: warnings.map(({ code }) => code), warnings };
}

test('nowhere: a public CA will not find it either', async () => {
  const { failed, codes } = await fly('nowhere.shop.example', PUBLIC);
  expect(failed).toMatchObject({ reason: 'name-not-found', advice: 'fix-dns' });
  expect(codes).toEqual([]);
});

test('nowhere: a private CA may have a DNS of its own', async () => {
  const { failed, warnings } = await fly('nowhere.shop.example', PRIVATE);
  expect(failed).toBeUndefined();
  expect(warnings).toEqual([
    { code: 'name-not-found', detail: expect.stringContaining('nowhere.shop.example has no address') },
  ]);
});

test.each([PUBLIC, PRIVATE])('on this machine only, %s: a warning', async (url) => {
  const { failed, warnings } = await fly('localhost', url);
  expect(failed).toBeUndefined();
  expect(warnings).toEqual([{ code: 'name-not-in-dns', detail: expect.stringContaining('127.0.0.1') }]);
});

test('in DNS: not a word', async () => {
  expect(await fly('www.shop.example', PRIVATE)).toMatchObject({ failed: undefined, codes: [] });
});
