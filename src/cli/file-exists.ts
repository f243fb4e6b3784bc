/**
 * For the hint that a bare word is a file and no host.
 */
import { statSync } from 'node:fs';

export function fileExists(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}
