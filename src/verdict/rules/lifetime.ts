/**
 * A publicly trusted leaf must not live longer than the CA/Browser Forum allows for the day it was issued: browsers refuse
 * it even where its path is sound (Baseline Requirements 6.3.2, ballot SC-081v3).
 */
import { lifetimeSeconds } from '../window.ts';
import { NONE, type Rule } from './rule.ts';

/** Newest first: issued from (UTC), at most so many days. Before 2018 limits were counted in months and are past. */
const LIMITS: readonly { readonly from: number; readonly days: number }[] = [
  { from: Date.UTC(2029, 2, 15), days: 47 },
  { from: Date.UTC(2027, 2, 15), days: 100 },
  { from: Date.UTC(2026, 2, 15), days: 200 },
  { from: Date.UTC(2020, 8, 1), days: 398 },
  { from: Date.UTC(2018, 2, 1), days: 825 },
];

/** @param issuedAt ms since the epoch. @returns days, or undefined where no limit in days stood yet. */
export function maximumLifetimeDays(issuedAt: number): number | undefined {
  return LIMITS.find((limit) => issuedAt >= limit.from)?.days;
}

export const lifetime: Rule = ({ leaf, judgement, anchors }) => {
  if (!leaf || !judgement?.anchor || !anchors?.isPublic(judgement.anchor)) return NONE;
  const maximumDays = maximumLifetimeDays(leaf.certificate.notBefore);
  // Any second over a full day counts as one more day (Baseline Requirements 6.3.2).
  const lifetimeDays = Math.ceil(lifetimeSeconds(leaf.certificate) / 86_400);
  if (maximumDays === undefined || lifetimeDays <= maximumDays) return NONE;
  const data = { lifetimeDays, maximumDays };
  return [{ code: 'lifetime-too-long', severity: 'warning', certificate: leaf.index, data }];
};
