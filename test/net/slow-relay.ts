/**
 * A name server whose AAAA answers are late: passes questions on to another one, those for AAAA after a while.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readQuestion, TYPE } from '../support/servers/dns-message.ts';

export interface SlowRelay extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly address: string;
}

export async function slowRelay(port: number, delayMs: number): Promise<SlowRelay> {
  const front = createSocket('udp4');
  const timers = new Set<NodeJS.Timeout>();
  front.on('message', (message, from) => {
    const late = readQuestion(message)?.type === TYPE.AAAA;
    const timer = setTimeout(
      () => {
        timers.delete(timer);
        const back = createSocket('udp4');
        back.once('message', (answer) => {
          back.close();
          front.send(answer, from.port, from.address, () => {});
        });
        back.send(message, port, '127.0.0.1');
      },
      late ? delayMs : 0,
    );
    timers.add(timer);
  });
  front.bind(0, '127.0.0.1');
  await once(front, 'listening');
  const close = async () => {
    for (const timer of timers) clearTimeout(timer);
    front.close();
    await once(front, 'close');
  };
  return { address: `127.0.0.1:${front.address().port}`, [Symbol.asyncDispose]: close };
}
