/**
 * What has changed at a target since the last run: pure, from what was remembered and what is seen now.
 */
import type { Change, Finding } from '../model/finding.ts';
import { formatInstant } from '../verdict/instant.ts';
import type { Leaf, Remembered } from './remembered.ts';

/** So many names are listed. */
const MOST_LISTED = 10;

export function changesBetween(before: Remembered, now: Remembered): Finding[] {
  const changes: Finding[] = [];
  if (before.status !== now.status) changes.push(changed('status', before.status, now.status));
  // What could not be seen this time has not changed.
  if (before.leaf && now.leaf && before.leaf.sha256 !== now.leaf.sha256) {
    changes.push(...leafChanges(before.leaf, now.leaf));
  }
  return changes;
}

function leafChanges(before: Leaf, now: Leaf): Finding[] {
  const kept = new Set(now.names);
  const lost = before.names.filter((name) => !kept.has(name));
  const renewed = lost.length === 0 && now.notAfter > before.notAfter;
  const changes = [
    renewed
      ? changed('renewed', formatInstant(before.notAfter), formatInstant(now.notAfter))
      : changed('certificate', before.sha256, now.sha256),
  ];
  if (before.issuer !== now.issuer) changes.push(changed('issuer', before.issuer, now.issuer));
  if (lost.length > 0) changes.push(changed('names-lost', list(lost), list(now.names)));
  return changes;
}

const changed = (what: Change, old: string, now: string): Finding => ({
  code: 'changed',
  severity: 'info',
  data: { what, old, new: now },
});

function list(names: readonly string[]): string {
  const more = names.length - MOST_LISTED;
  return more > 0 ? `${names.slice(0, MOST_LISTED).join(', ')} and ${more} more` : names.join(', ');
}
