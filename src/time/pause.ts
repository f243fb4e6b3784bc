/**
 * A wait that ends early when the deadline comes.
 */
import type { Deadline } from './deadline.ts';

export function pause(ms: number, deadline: Deadline): Promise<void> {
  return new Promise((resolve) => {
    let stop = () => {};
    const done = () => {
      clearTimeout(timer);
      stop();
      resolve();
    };
    const timer = setTimeout(done, ms);
    stop = deadline.onExpire(done);
  });
}
