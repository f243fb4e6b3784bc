/**
 * The page on what a renewal survives names tests that are there.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REPOSITORY } from '../support/repository.ts';

test('every test that the page names is there', () => {
  const page = readFileSync(join(REPOSITORY, 'docs', 'what-renewal-survives.md'), 'utf8');
  const named = [...page.matchAll(/`(test\/[^`]+)`/g)].map(([, path]) => path!);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((path) => !existsSync(join(REPOSITORY, path)))).toEqual([]);
});
