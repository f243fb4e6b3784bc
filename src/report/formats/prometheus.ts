/**
 * `prometheus`: the text format for node_exporter's textfile collector, with names in the habits of ssl_exporter and
 * blackbox_exporter. All samples of a metric stand together under one HELP and TYPE, as the format asks.
 */
import type { Certificate } from '../../model/certificate.ts';
import type { Observation, Phase } from '../../model/observation.ts';
import type { CertificateRole, Outcome, Verdict } from '../../model/verdict.ts';
import { SECOND } from '../../time/duration.ts';
import { exitCode } from '../../verdict/status.ts';
import { expiresAt, lifetimeSeconds } from '../../verdict/window.ts';
import { capText, escapeLabelValue } from '../escape.ts';
import type { Format, Renderer, RenderOptions } from '../format.ts';
import { UniqueNames } from '../unique-names.ts';

/** Every metric that there can be; all are gauges, for each run replaces the file. */
const METRICS = {
  certwatch_target_info: 'What the target is; always 1.',
  certwatch_target_status: 'Status of the target: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.',
  certwatch_target_trusted: '1 if a path to a trust anchor was found; absent where trust is not judged.',
  certwatch_target_remaining_seconds:
    'Seconds until the first certificate that the target needs expires; negative once it has.',
  certwatch_target_renew_timestamp_seconds: 'When renewal opens, as unix time.',
  certwatch_target_warning_timestamp_seconds: 'When renewal is overdue, as unix time.',
  certwatch_target_critical_timestamp_seconds: 'When it becomes critical, as unix time.',
  certwatch_finding: 'A finding on the target, by its code; always 1.',
  certwatch_probe_success: '1 if a chain was presented.',
  certwatch_probe_duration_seconds: 'Seconds spent in each phase.',
  certwatch_tls_version_info: 'The TLS version spoken; always 1.',
  certwatch_cert_not_before: 'notBefore of a presented certificate, as unix time.',
  certwatch_cert_not_after: 'notAfter of a presented certificate, as unix time.',
  certwatch_cert_remaining_seconds: 'Seconds until a presented certificate expires; negative once it has.',
  certwatch_cert_lifetime_seconds: 'Whole lifetime of a presented certificate in seconds.',
  certwatch_run_status: 'Status of the run: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.',
  certwatch_run_targets: 'Targets of the run by their status.',
  certwatch_run_input_errors: 'Lines and arguments that could not be understood.',
  certwatch_run_deadline_reached: '1 if the deadline came before all was done.',
  certwatch_run_interrupted: '1 if the run was ended by a signal.',
  certwatch_run_start_timestamp_seconds: 'When the run started, as unix time.',
  certwatch_run_finish_timestamp_seconds: 'When the run finished, as unix time.',
  certwatch_run_judged_timestamp_seconds: 'The time that certificates were judged at, as unix time.',
  certwatch_build_info: 'The version of certwatch; always 1.',
} as const;

type Metric = keyof typeof METRICS;
type Labels = Readonly<Record<string, string | undefined>>;

const LONGEST_LABEL = 200;
const CN = '2.5.4.3';

export const prometheus: Format = {
  name: 'prometheus',
  summary: "metrics for node_exporter's textfile collector",
  streams: false,
  create: (options) => new PrometheusRenderer(options),
};

class PrometheusRenderer implements Renderer {
  readonly #options: RenderOptions;
  readonly #names = new UniqueNames();
  readonly #samples = new Samples();

  constructor(options: RenderOptions) {
    this.#options = options;
  }

  begin(): string {
    return '';
  }

  verdict(verdict: Verdict): string {
    const target = this.#names.of(labelText(verdict.target.name));
    this.#target(verdict, target);
    for (const [i, observation] of verdict.observations.entries()) {
      // Where a target was seen at several addresses each has its series.
      const address = verdict.observations.length > 1 ? (observation.address ?? '') : undefined;
      this.#observation(observation, { target, address }, verdict.roles?.[i] ?? []);
    }
    return '';
  }

  end({ run, summary, status }: Outcome): string {
    const { targets: _, ...counts } = summary;
    const samples = this.#samples;
    samples.add('certwatch_run_status', {}, exitCode(status));
    for (const [each, count] of Object.entries(counts)) samples.add('certwatch_run_targets', { status: each }, count);
    samples.add('certwatch_run_input_errors', {}, run.errors.length);
    samples.add('certwatch_run_deadline_reached', {}, Number(run.deadlineReached));
    samples.add('certwatch_run_interrupted', {}, Number(run.interrupted));
    samples.add('certwatch_run_start_timestamp_seconds', {}, run.startedAt / SECOND);
    samples.add('certwatch_run_finish_timestamp_seconds', {}, run.finishedAt / SECOND);
    samples.add('certwatch_run_judged_timestamp_seconds', {}, run.judgedAt / SECOND);
    samples.add('certwatch_build_info', { version: run.version }, 1);
    return samples.text();
  }

  #target(verdict: Verdict, target: string): void {
    const { status, findings, trust, window } = verdict;
    const samples = this.#samples;
    samples.add('certwatch_target_info', infoLabels(verdict, target), 1);
    samples.add('certwatch_target_status', { target }, exitCode(status));
    if (trust) samples.add('certwatch_target_trusted', { target }, Number(trust.trusted));
    if (window) {
      samples.add('certwatch_target_remaining_seconds', { target }, window.remainingSeconds);
      samples.add('certwatch_target_renew_timestamp_seconds', { target }, window.renewAt / SECOND);
      samples.add('certwatch_target_warning_timestamp_seconds', { target }, window.warnAt / SECOND);
      samples.add('certwatch_target_critical_timestamp_seconds', { target }, window.criticalAt / SECOND);
    }
    for (const { code, severity } of findings) samples.add('certwatch_finding', { target, code, severity }, 1);
  }

  #observation(observation: Observation, place: Labels, roles: readonly CertificateRole[]): void {
    const { kind, chain = [], timings, tlsVersion } = observation;
    const samples = this.#samples;
    samples.add('certwatch_probe_success', place, Number(kind === 'presented'));
    for (const phase of ['resolve', 'connect', 'starttls', 'handshake'] as const satisfies readonly Phase[]) {
      samples.add('certwatch_probe_duration_seconds', { ...place, phase }, timings[phase] / SECOND);
    }
    if (tlsVersion !== undefined) samples.add('certwatch_tls_version_info', { ...place, version: tlsVersion }, 1);
    for (const [index, element] of chain.entries()) {
      if (element.kind === 'malformed') continue;
      this.#certificate(element.certificate, { ...place, chain_no: String(index), role: roles[index] });
    }
  }

  #certificate(certificate: Certificate, place: Labels): void {
    const labels = labelSet({
      ...place,
      serial_no: certificate.serial,
      issuer_cn: commonName(certificate.issuer.rdns),
      cn: commonName(certificate.subject.rdns),
    });
    const remaining = Math.ceil((expiresAt(certificate) - this.#options.now) / SECOND) + 0;
    this.#samples.add('certwatch_cert_not_before', labels, certificate.notBefore / SECOND);
    this.#samples.add('certwatch_cert_not_after', labels, certificate.notAfter / SECOND);
    this.#samples.add('certwatch_cert_remaining_seconds', labels, remaining);
    this.#samples.add('certwatch_cert_lifetime_seconds', labels, lifetimeSeconds(certificate));
  }
}

/** What describes a target goes to one metric of its own, to be joined by `target`: so the others stay the same series. */
function infoLabels({ target, observations }: Verdict, name: string): Labels {
  const labels: Record<string, string | undefined> = {
    target: name,
    input: target.input,
    servername: target.servername,
    address: observations.length === 1 ? observations[0].address : undefined,
  };
  if (target.kind === 'file') Object.assign(labels, { protocol: 'file', path: target.path });
  else Object.assign(labels, { protocol: target.protocol, host: target.host, port: String(target.port) });
  for (const [key, value] of Object.entries(target.settings.labels)) {
    labels[`label_${key.replace(/[^A-Za-z0-9_]/g, '_')}`] ??= value;
  }
  return labels;
}

/** Samples by metric; a series comes once, whatever a chain or a list repeats. */
class Samples {
  readonly #byMetric = new Map<Metric, Map<string, number>>();

  /** @param labels also as the text that `labelSet` makes of them. */
  add(metric: Metric, labels: Labels | string, value: number): void {
    const series = this.#byMetric.get(metric) ?? new Map<string, number>();
    this.#byMetric.set(metric, series);
    const key = typeof labels === 'string' ? labels : labelSet(labels);
    if (!series.has(key)) series.set(key, value);
  }

  text(): string {
    let text = '';
    for (const metric of Object.keys(METRICS) as Metric[]) {
      const series = this.#byMetric.get(metric);
      if (!series) continue;
      text += `# HELP ${metric} ${METRICS[metric]}\n# TYPE ${metric} gauge\n`;
      for (const [labels, value] of series) text += `${metric}${labels} ${value}\n`;
    }
    return text;
  }
}

function labelSet(labels: Labels): string {
  const pairs = Object.entries(labels).flatMap(([key, value]) =>
    value === undefined ? [] : `${key}="${key === 'target' ? value : labelText(value)}"`,
  );
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}

function labelText(text: string): string {
  return escapeLabelValue(capText(text, LONGEST_LABEL));
}

/** The last common name: the most specific one. */
function commonName(rdns: Certificate['subject']['rdns']): string {
  return rdns.flat().findLast((attribute) => attribute.oid === CN)?.value ?? '';
}
