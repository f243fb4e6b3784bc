/**
 * Files that the build puts beside the bundle.
 */
import { join } from 'node:path';

/** Mozilla's roots, packed by `rolldown.config.js`. */
export function rootsFileOf(dist: string): string {
  return join(dist, 'mozilla-roots.bin');
}
