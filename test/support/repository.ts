/**
 * Where the repository stands, for tests that read its files or run its programs.
 */
import { join } from 'node:path';

export const REPOSITORY = join(import.meta.dirname, '..', '..');
