/**
 * Each STARTTLS dialogue over a real connection, with a peer that says its own lines bent, or anything at all.
 */
import type { StartTlsProtocol } from '../../../src/model/target.ts';
import { dial } from '../../../src/net/dial.ts';
import { negotiateStartTls } from '../../../src/net/starttls/negotiate.ts';
import { Deadline } from '../../../src/time/deadline.ts';
import { IN_ORDER, PROTOCOLS } from '../../net/starttls/scripted-peer.ts';
import { serve } from '../../support/servers/server.ts';
import { ensure, type Fuzzer, join, split } from '../fuzzer.ts';
import { bend } from '../random.ts';

/** A client that waits for more than it was told gets the next piece after this time, and the end behind the last. */
const PATIENCE_MS = 2;
const ENOUGH_MS = 5_000;

export const starttls: Fuzzer = {
  name: 'starttls',
  promise: 'each dialogue ends with a value long before its deadline, whatever the peer says',
  make(random) {
    const protocol = random.pick(PROTOCOLS);
    const said: Uint8Array[] = IN_ORDER[protocol].map(({ say }) => Buffer.from(say as string));
    const at = random.below(said.length);
    said[at] = random.below(8) === 0 ? random.bytes(random.below(300)) : bend(said[at]!, random);
    return join([Buffer.from(protocol), ...said]);
  },
  async run(input) {
    const [protocol = Buffer.alloc(0), ...said] = split(input);
    if (!PROTOCOLS.includes(protocol.toString() as StartTlsProtocol)) return;
    await using server = await serve((socket) => {
      const rest = [...said];
      let timer: NodeJS.Timeout | undefined;
      const say = (): void => {
        clearTimeout(timer);
        const piece = rest.shift();
        if (!piece) return void socket.end();
        socket.write(piece);
        timer = setTimeout(say, PATIENCE_MS);
      };
      socket.on('data', say);
      socket.on('close', () => clearTimeout(timer));
      say();
    });
    const deadline = Deadline.after(ENOUGH_MS);
    const dialed = await dial([server.host], server.port, { deadline });
    ensure(dialed.ok, 'nobody came to the door');
    const { socket } = dialed.value;
    const result = await negotiateStartTls(socket, protocol.toString() as StartTlsProtocol, {
      servername: "a'<&b",
      deadline,
    });
    ensure(!deadline.expired, 'the dialogue waited until its deadline');
    deadline.release();
    socket.destroy();
    if (result.ok) return;
    ensure(/^[a-z-]+$/.test(result.error.reason), `a reason is a word: ${result.error.reason}`);
    ensure((result.error.detail ?? '').length <= 1_000, 'what a peer said is capped');
  },
};
