/**
 * What a person reads of renewals on a terminal of 80 columns: one of each kind.
 */
import { expect, test } from 'vitest';
import type { CertificateFacts, RenewalResult, RenewalStatus, ServedAt } from '../../src/model/renewal.ts';
import { renderRenewalStatus } from '../../src/report/renewal-status-text.ts';
import { renderRenewals } from '../../src/report/renewal-text.ts';

const NOW = Date.UTC(2026, 10, 24, 12, 22);
const DAY = 86_400_000;
const OPTIONS = { verbose: false, quiet: false, color: false, columns: 80, now: NOW };

const ending = (days: number): CertificateFacts => ({
  sha256: `${days}`,
  notBefore: NOW - DAY,
  notAfter: NOW + days * DAY - 1_000,
  names: ['dns:www.shop.example'],
  keyType: 'ec',
});
const due = [{ code: 'window', renewAt: NOW - 10 * DAY, source: 'auto' } as const];
const about = (name: string) => ({ name, warnings: [] });
const at = (host: string, serves: ServedAt['serves'], days = 20): ServedAt => ({
  target: `${host}:443`,
  address: host.startsWith('192') ? host : '192.0.2.9',
  serves,
  ...(serves === 'unknown' ? { failure: 'timeout: deadline' } : { notAfter: NOW + days * DAY }),
});
const reloadFailed = {
  reason: 'reload-failed',
  detail: '`systemctl reload nginx` ended with exit status 1',
  output: 'Job for nginx.service failed.\n',
};
const limited = {
  reason: 'acme-rate-limited',
  detail: 'the CA said: too many certificates already issued for "shop.example"',
  advice: 'wait-until',
  notBefore: NOW + 3_600_000,
} as const;

test('a run with one of each', () => {
  const results: readonly RenewalResult[] = [
    { ...about('not-due'), kind: 'not-due', renewAt: NOW + 57 * DAY, certificate: ending(87) },
    { ...about('dry'), kind: 'planned', action: 'renew', reasons: due, certificate: ending(20) },
    {
      ...about('waits'),
      kind: 'skipped-backoff',
      reasons: due,
      failures: 3,
      notBefore: limited.notBefore,
      problem: limited,
      inUse: ending(1),
    },
    {
      ...about('new'),
      kind: 'renewed',
      reasons: due,
      certificate: ending(90),
      served: [at('192.0.2.1', 'new'), at('192.0.2.2', 'new')],
    },
    { ...about('went-on'), kind: 'resumed', reasons: due, certificate: ending(90), served: [at('192.0.2.1', 'new')] },
    { ...about('fails'), kind: 'failed', step: 'order', problem: limited, inUse: ending(-3) },
    {
      ...about('back'),
      kind: 'rolled-back',
      step: 'reload',
      problem: reloadFailed,
      served: [at('192.0.2.1', 'old'), at('www.shop.example', 'old'), at('192.0.2.3', 'unknown')],
      restored: true,
      servedAfter: [],
      inUse: ending(20),
    },
    {
      name: 'stuck',
      warnings: [{ reason: 'pkcs12', detail: '/etc/ssl/www.p12: no space left on the device' }],
      kind: 'rolled-back',
      step: 'verify',
      problem: {
        reason: 'not-served',
        detail: '1 of 2 addresses did not serve the new certificate before the time was up',
        advice: 'fix-reload',
      },
      served: [at('192.0.2.1', 'new', 90), at('192.0.2.2', 'old')],
      restored: false,
      servedAfter: [at('192.0.2.1', 'new', 90), at('192.0.2.2', 'old')],
      inUse: ending(20),
    },
    {
      ...about('stays'),
      kind: 'not-served',
      step: 'reload',
      problem: reloadFailed,
      certificate: ending(90),
      served: [at('192.0.2.1', 'other', 5)],
      noWayBack: 'nothing-before',
    },
  ];
  const outcome = {
    exitCode: 2,
    startedAt: NOW - 12_000,
    finishedAt: NOW,
    deadlineReached: false,
    interrupted: false,
  } as const;
  expect(
    renderRenewals({ ...outcome, results, notes: ['took over the lock of process 1'] }, OPTIONS),
  ).toMatchInlineSnapshot(`
    "NOT SERVED  1
      stays  failed while reloading the server; the new certificate stays installed:
          none is known that was there before it
        reload-failed: \`systemctl reload nginx\` ended with exit status 1
        → Correct the command; what it printed is below.
        | Job for nginx.service failed.
        - another one, until 2026-11-29 12:22 UTC: 192.0.2.1:443

    ROLLED BACK  2
      back   failed while reloading the server; the old certificate is in place and
          served again, until 2026-12-14 (20d left)
        reload-failed: \`systemctl reload nginx\` ended with exit status 1
        → Correct the command; what it printed is below.
        | Job for nginx.service failed.
        served when it failed:
        - the old one, until 2026-12-14 12:22 UTC: 192.0.2.1:443,
          www.shop.example:443 at 192.0.2.9
        - not seen (timeout: deadline): 192.0.2.3:443
      stuck  failed while seeing it served; the old certificate is in place again,
          but NOT SERVED everywhere, until 2026-12-14 (20d left)
        not-served: 1 of 2 addresses did not serve the new certificate before the
          time was up
        → See that the reload command makes the server read the files in the live
          folder, and what the server logs.
        served when it failed:
        - the new one, until 2027-02-22 12:22 UTC: 192.0.2.1:443
        - the old one, until 2026-12-14 12:22 UTC: 192.0.2.2:443
        and just so after it was put back
        ! pkcs12: /etc/ssl/www.p12: no space left on the device

    FAILED  1
      fails  failed while getting the certificate; on disk: ended 3d ago
        acme-rate-limited: the CA said: too many certificates already issued for
          "shop.example"
        → The CA is to be left alone until 2026-11-24 13:22 UTC: wait, or give
          another CA as acme.fallback.

    WAITING  1
      waits  failed 3 times in a row; next try from 2026-11-24 13:22 UTC, in 1h
          (--force: now)
        due: renewal has been open since 2026-11-14 12:22 UTC; on disk: until
          2026-11-25 12:21 UTC (1d left)
        acme-rate-limited: the CA said: too many certificates already issued for
          "shop.example"
        → The CA is to be left alone until 2026-11-24 13:22 UTC: wait, or give
          another CA as acme.fallback.

    DUE  1
      dry  would be renewed: renewal has been open since 2026-11-14 12:22 UTC; on
          disk: until 2026-12-14 (20d left)

    RENEWED  1
      new  until 2027-02-22 (90d left), served at 2 addresses
        because renewal has been open since 2026-11-14 12:22 UTC

    FINISHED  1
      went-on  on disk already; until 2027-02-22 (90d left), served at 1 address now
        because renewal has been open since 2026-11-14 12:22 UTC

    NOT DUE  1
      not-due  until 2027-02-19 (87d left); renewal opens on 2027-01-20

    note: took over the lock of process 1

    1 not served, 2 rolled back, 1 failed, 1 waiting, 1 due, 1 renewed, 1 finished,
    1 not due, in 12s. Exit status 2: CRITICAL.
    "
  `);
});

test('how things stand: one of each', () => {
  const tried = { startedAt: NOW - 3_600_000, heardAt: NOW - 3_590_000 };
  const statuses: readonly RenewalStatus[] = [
    {
      name: 'well',
      next: 'none',
      certificate: ending(87),
      renewAt: NOW + 57 * DAY,
      last: { ...tried, outcome: 'renewed', failures: 0 },
    },
    { name: 'new', next: 'renew', reasons: [{ code: 'no-certificate' }] },
    {
      name: 'killed',
      next: 'reload',
      certificate: ending(20),
      reasons: due,
      last: { ...tried, step: 'reload', stepDone: false, failures: 0 },
    },
    {
      name: 'failing',
      next: 'wait',
      certificate: ending(20),
      reasons: due,
      last: {
        ...tried,
        outcome: 'failed',
        step: 'order',
        stepDone: false,
        problem: limited,
        failures: 3,
        notBefore: limited.notBefore,
      },
    },
    {
      name: 'back-again',
      next: 'install',
      certificate: ending(20),
      reasons: due,
      last: {
        ...tried,
        outcome: 'rolled-back',
        step: 'reload',
        stepDone: false,
        problem: reloadFailed,
        restored: false,
        failures: 1,
      },
    },
    {
      name: 'unknown',
      next: 'renew',
      certificate: ending(1.2),
      reasons: due,
      unreadable: 'the journal /var/lib/certwatch/renewals/unknown.jsonl cannot be read: permission denied',
    },
  ];
  expect(renderRenewalStatus(statuses, OPTIONS)).toMatchInlineSnapshot(`
    "FAILED  2
      failing     until 2026-12-14 (20d left); due: renewal has been open since
          2026-11-14 12:22 UTC
        failed 3 times in a row, the last time on 2026-11-24 11:22 UTC while
          getting the certificate
        acme-rate-limited: the CA said: too many certificates already issued for
          "shop.example"
        → The CA is to be left alone until 2026-11-24 13:22 UTC: wait, or give
          another CA as acme.fallback.
        next try from 2026-11-24 13:22 UTC, in 1h
      back-again  until 2026-12-14 (20d left); due: renewal has been open since
          2026-11-14 12:22 UTC
        failed on 2026-11-24 11:22 UTC: rolled back while reloading the server
        the old certificate was put back, and was NOT seen to be served everywhere
          then
        reload-failed: \`systemctl reload nginx\` ended with exit status 1
        → Correct the command; what it printed is below.
        | Job for nginx.service failed.
        the next run installs what was issued, and orders nothing

    NOT FINISHED  1
      killed  until 2026-12-14 (20d left); due: renewal has been open since
          2026-11-14 12:22 UTC
        begun on 2026-11-24 11:22 UTC, last heard of on 2026-11-24 11:22 UTC while
          reloading the server
        the next run reloads, and orders nothing

    DUE  2
      new      no certificate on disk; due: there is no certificate yet
        no attempt is on record
        the next run renews it
      unknown  until 2026-11-25 17:09 UTC (1d 4h left); due: renewal has been open
          since 2026-11-14 12:22 UTC
        the journal /var/lib/certwatch/renewals/unknown.jsonl cannot be read:
          permission denied
        the next run renews it

    NOT DUE  1
      well  until 2027-02-19 (87d left); renewal opens on 2027-01-20
        renewed on 2026-11-24 11:22 UTC

    6 certificates: 2 failed, 1 not finished, 2 due, 1 not due.
    "
  `);
  const running = 'process 4711 is at it since 3m: renew, 0 of 1: killed: reloading the server';
  expect(renderRenewalStatus([statuses[2]!], { ...OPTIONS, running })).not.toContain('the next run');
});
