/**
 * `file:` targets with a glob become one target a file.
 */
import { err, ok, type Result } from '../model/result.ts';
import type { FileTarget, InputError, Target } from '../model/target.ts';
import { expandGlob, isGlob } from './glob.ts';
import { quote } from './nearest.ts';

/** The target itself where it holds no glob. A glob that matches nothing is an error: it watches nothing. */
export async function* expandFiles(target: Target): AsyncGenerator<Result<Target, InputError>, void, undefined> {
  if (target.kind !== 'file' || !isGlob(target.path)) {
    yield ok(target);
    return;
  }
  let matches = 0;
  for await (const match of expandGlob(target.path)) {
    matches++;
    if (match.ok) yield ok(fileAt(match.value, target));
    else yield err({ origin: target.origin, message: match.error });
  }
  if (matches === 0) yield err({ origin: target.origin, message: `no file matches ${quote(target.path)}` });
}

/** Named by its own path; a `name=` of the pattern goes before it, so that no two have the same. */
function fileAt(path: string, pattern: FileTarget): FileTarget {
  if (path === pattern.path) return pattern;
  return { ...pattern, path, name: pattern.named ? `${pattern.name} ${path}` : path };
}
