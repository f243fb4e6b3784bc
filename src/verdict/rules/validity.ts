/**
 * Time: every certificate that the best path needs is judged by its own lifetime; one that it does not need (an expired
 * cross-sign, an extra) is only reported.
 */
import type { Finding, Severity } from '../../model/finding.ts';
import { formatName } from '../../x509/name.ts';
import type { Placed, RuleContext } from '../context.ts';
import { formatInstant } from '../instant.ts';
import { computeWindow, formatNotice } from '../window.ts';
import type { Rule } from './rule.ts';

export const validity: Rule = (context) => {
  const needed = neededCertificates(context);
  const isNeeded = new Set(needed.map((placed) => placed.certificate.sha256));
  const unneeded = context.certificates.filter((placed) => !isNeeded.has(placed.certificate.sha256));
  return [
    ...needed.flatMap((placed) => judgeValidity(placed, context, true)),
    ...unneeded.flatMap((placed) => judgeValidity(placed, context, false)),
  ];
};

/**
 * The presented path; an anchor that was not presented where it is a private one (nobody else watches it) or its dates
 * are what is wrong with the path.
 */
export function neededCertificates({ path, judgements, anchors, certificates }: RuleContext): Placed[] {
  const needed: Placed[] = [...path];
  const add = (placed: Placed): void => {
    if (!needed.some((other) => other.certificate.sha256 === placed.certificate.sha256)) needed.push(placed);
  };
  for (const { judgement } of judgements) {
    const { anchor, problems } = judgement;
    if (anchor && !anchors?.isPublic(anchor)) add({ certificate: anchor });
    for (const { kind, certificate } of problems) {
      if (kind !== 'outside-validity') continue;
      add(certificates.find((placed) => placed.certificate.sha256 === certificate.sha256) ?? { certificate });
    }
  }
  return needed;
}

function judgeValidity(placed: Placed, { now, target }: RuleContext, needed: boolean): Finding[] {
  const { certificate, index } = placed;
  const window = computeWindow(certificate, now, target.settings);
  const about = index === undefined ? {} : { certificate: index };
  const subject = index === undefined ? { subject: formatName(certificate.subject) } : {};
  const notAfter = formatInstant(certificate.notAfter);
  const remainingSeconds = window.remainingSeconds;
  const as = (severity: Severity): Severity => (needed ? severity : 'info');
  const findings: Finding[] = [];
  if (now < certificate.notBefore) {
    const secondsUntil = Math.ceil((certificate.notBefore - now) / 1_000);
    const data = { notBefore: formatInstant(certificate.notBefore), secondsUntil, ...subject };
    findings.push({ code: 'not-yet-valid', severity: as('critical'), ...about, data });
  }
  if (remainingSeconds <= 0) {
    const data = { notAfter, secondsAgo: -remainingSeconds + 0, ...subject };
    findings.push({ code: 'expired', severity: as('critical'), ...about, data });
  } else if (now >= window.criticalAt) {
    const threshold = formatNotice(certificate, window.criticalAt);
    const data = { notAfter, remainingSeconds, threshold, ...subject };
    findings.push({ code: 'expires-soon', severity: as('critical'), ...about, data });
  } else if (now >= window.warnAt) {
    const threshold = formatNotice(certificate, window.warnAt);
    const data = { notAfter, remainingSeconds, threshold, ...subject };
    findings.push({ code: 'renewal-due', severity: as('warning'), ...about, data });
  } else if (now >= window.renewAt && needed) {
    const data = { notAfter, remainingSeconds, renewAt: formatInstant(window.renewAt), ...subject };
    findings.push({ code: 'renewal-open', severity: 'info', ...about, data });
  }
  return findings;
}
