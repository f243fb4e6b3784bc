/**
 * A pipe to write to: its reader is waited for. Through the event loop and not by a thread of the pool, which would be stuck
 * for as long as the reader is.
 */
import { constants, open } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';

/** @throws the system's error: ENXIO where nobody reads from it. */
export async function openPipe(path: string) {
  // Without O_NONBLOCK, opening it would wait for a reader to come. A bare descriptor: a FileHandle would close it as garbage.
  const fd = await promisify(open)(path, constants.O_WRONLY | constants.O_NONBLOCK);
  const pipe = new Socket({ fd, readable: false, writable: true });
  let broken: Error | undefined;
  pipe.on('error', (cause) => {
    broken = cause;
  });
  const settle = (begin: (done: (cause?: Error | null) => void) => unknown): Promise<void> =>
    new Promise((resolve, reject) => {
      if (broken) reject(broken);
      else begin((cause) => (cause ? reject(broken ?? cause) : resolve()));
    });
  return {
    append: (text: string) => settle((done) => pipe.write(text, done)),
    sync: () => settle((done) => pipe.end(done)),
    close: async () => void pipe.destroy(),
  };
}
