/**
 * The JSON Schema (draft 2020-12) of a report, as `certwatch config schema --report` prints it: of `--format json` as a whole
 * and, under `$defs`, of the lines of `--format ndjson`.
 */
import { REPORT_SCHEMA } from './json-report.ts';
import { FINDING_CODES, findingData, PHASES } from './schema/finding-data.ts';
import {
  always,
  anyOf,
  count,
  figure,
  flag,
  instant,
  integer,
  list,
  object,
  optional,
  type Schema,
  sha256,
  text,
  word,
} from './schema/parts.ts';

const status = word('ok', 'warning', 'critical', 'unknown');
const ref = (name: string): Schema => ({ $ref: `#/$defs/${name}` });

const target = anyOf(
  object({
    input: text,
    name: text,
    host: text,
    port: { type: 'integer', minimum: 1, maximum: 65_535 },
    protocol: text,
    servername: text,
    origin: text,
    labels: optional({ type: 'object', additionalProperties: text }),
  }),
  object({
    input: text,
    name: text,
    path: text,
    servername: optional(text),
    origin: text,
    labels: optional({ type: 'object', additionalProperties: text }),
  }),
);

const finding: Schema = {
  ...object({
    code: word(...FINDING_CODES),
    severity: word('critical', 'warning', 'unknown', 'info'),
    certificate: optional(count),
    entry: optional(text),
    address: optional(text),
    data: { type: 'object' },
    message: text,
  }),
  allOf: findingData,
};

/** Of a file that is a container: the name of its entry, and whether that is there to be trusted. */
const entry = { entry: optional(text), trustedEntry: optional(flag) };

const certificate = object({
  subject: text,
  issuer: text,
  serial: { type: 'string', pattern: '^-?([0-9A-F]{2})*$' },
  notBefore: instant,
  notAfter: instant,
  sans: list(text),
  key: object({
    type: word('rsa', 'ec', 'ed25519', 'ed448', 'dsa', 'other'),
    bits: count,
    curve: optional(text),
    exponent: optional(integer),
  }),
  signature: text,
  sha256,
  spkiSha256: sha256,
  role: word('leaf', 'intermediate', 'root', 'extra', 'duplicate'),
  ...entry,
});

/** Bytes in a chain that are no certificate. */
const malformed = object({ error: text, bytes: count, sha256, role: always('malformed'), ...entry });

const timingsMs = object({ resolve: figure, connect: figure, starttls: figure, handshake: figure });
const chain = list(anyOf(certificate, malformed));

const observation = anyOf(
  object({
    kind: always('presented'),
    address: optional(text),
    tlsVersion: optional(text),
    cipherSuite: optional(text),
    alpn: optional(text),
    possession: optional(word('proven', 'not-shown')),
    engine: optional(word('certwatch', 'node-tls')),
    container: optional(word('pkcs7', 'pkcs12', 'jks', 'jceks')),
    timingsMs,
    chain: { ...chain, minItems: 1 },
  }),
  object({
    kind: always('failed'),
    code: text,
    phase: word(...PHASES),
    reason: text,
    detail: optional(text),
    address: optional(text),
    tlsVersion: optional(text),
    timingsMs,
    chain: optional(chain),
  }),
);

const result: Schema = {
  ...object({
    target: ref('target'),
    status,
    findings: list(ref('finding')),
    observation: optional(ref('observation')),
    observations: optional({ ...list(ref('observation')), minItems: 1 }),
    trust: optional(object({ trusted: flag, path: list(count), anchor: optional(text) })),
    window: optional(
      object({
        lifetimeSeconds: count,
        remainingSeconds: integer,
        renewAt: instant,
        warnAt: instant,
        criticalAt: instant,
        source: word('auto', 'custom', 'ari'),
        expiresAt: instant,
      }),
    ),
  }),
  anyOf: [{ required: ['observation'] }, { required: ['observations'] }],
};

const run = object({
  startedAt: instant,
  finishedAt: instant,
  judgedAt: instant,
  deadlineReached: flag,
  interrupted: flag,
  errors: list(
    object({
      code: optional(text),
      severity: optional(word('critical', 'unknown', 'info')),
      origin: text,
      message: text,
      data: optional({ type: 'object' }),
    }),
  ),
  version: text,
});

const summary = object({ targets: count, ok: count, warning: count, critical: count, unknown: count });

const outcome = {
  schema: always(REPORT_SCHEMA),
  status,
  exitCode: { enum: [0, 1, 2, 3] },
  run: ref('run'),
  summary: ref('summary'),
} as const satisfies Readonly<Record<string, Schema>>;

/** Open to fields that are added later, as the contract allows. */
export function reportSchema(): Schema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: REPORT_SCHEMA,
    title: 'A certwatch report',
    ...object({ ...outcome, results: list(ref('result')) }),
    $defs: {
      target,
      finding,
      observation,
      result,
      run,
      summary,
      // ndjson: each line but the last is a result, the last is this.
      lastLine: object(outcome),
    },
  };
}
