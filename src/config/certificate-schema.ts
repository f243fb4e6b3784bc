/**
 * One entry of `certificates:`: what is renewed, by whom, where it is installed and where it is served. Loads `zod`.
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import { err, ok, type Result } from '../model/result.ts';
import { parseHost } from '../targets/host.ts';
import { quote } from '../targets/nearest.ts';
import { parseChoice, parseDial, parseInteger, parseYesNo } from '../targets/setting-values.ts';
import { parseThreshold } from '../targets/threshold.ts';
import { DAY, SECOND } from '../time/duration.ts';
import { acmeSchema, keySchema, type SchemaContext } from './acme-schema.ts';
import { command, duration, jsonOf, map, oneOrMore, path, scalar, secret, TEXT } from './schema-values.ts';
import { targetSchema } from './target-schema.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;
const SWITCH = jsonOf({ kind: 'switch' });

function parseCertificateName(text: string): Result<string, string> {
  if (NAME.test(text)) return ok(text);
  return err(`expected a name of up to 64 letters, digits, ".", "_" and "-", got ${quote(text)}`);
}

/** A DNS name (a wildcard label may lead it) or an IP address (RFC 8738). */
function parseDomain(text: string): Result<string, string> {
  const word = text.trim();
  const wildcard = word.startsWith('*.');
  const host = parseHost(wildcard ? word.slice(2) : word);
  if (!host.ok) return err(host.error);
  if (wildcard && isIP(host.value) !== 0) return err(`an IP address has no wildcard, got ${quote(text)}`);
  if (host.value.includes('%')) return err(`a certificate names no zone, got ${quote(text)}`);
  return ok(wildcard ? `*.${host.value}` : host.value);
}

/** An address to listen on. */
function parseListen(text: string): Result<{ host: string; port: number }, string> {
  const dial = parseDial(text);
  if (!dial.ok) return dial;
  const { host, port } = dial.value;
  if (port === undefined || isIP(host) === 0)
    return err(`expected ADDRESS:PORT such as 0.0.0.0:80 or [::]:80, got ${quote(text)}`);
  return ok({ host, port });
}

/** @param one the keys of which just one has to be there. */
function justOne(
  value: Readonly<Record<string, unknown>>,
  one: readonly string[],
  context: z.core.$RefinementCtx,
): void {
  const given = one.filter((key) => value[key] !== undefined);
  if (given.length === 1) return;
  const got = given.length === 0 ? 'none of them' : given.join(' and ');
  context.addIssue({
    code: 'custom',
    message: `expected ${one.length === 2 ? 'either ' : 'one of '}${one.length === 2 ? one.join(' or ') : one.join(', ')}, got ${got}`,
  });
}

function challengeSchema({ place }: SchemaContext) {
  const listen = scalar(
    parseListen,
    { type: 'string', examples: ['0.0.0.0:80'] },
    'Answer the CA from a listener of our own on this address.',
  );
  const http = map({
    webroot: path(place, 'The folder that is served as the root of the site.').optional(),
    listen: listen.optional(),
  });
  const rfc2136 = map(
    {
      server: scalar(parseDial, TEXT, 'The primary name server, HOST[:PORT].'),
      'key-file': path(place, 'The TSIG key, in the format of BIND.').optional(),
      zone: scalar(parseHost, TEXT, 'The zone to update (default: found by its SOA).').optional(),
      ttl: scalar(
        parseInteger({ min: 0, max: 86_400 }),
        jsonOf({ kind: 'integer', min: 0, max: 86_400 }),
        'In seconds (default 60).',
      ).optional(),
    },
    'Dynamic updates (RFC 2136), signed with TSIG.',
  );
  const dns = map({
    present: command(
      place,
      'Makes the TXT record; the name of the record and its value come behind the words ($1 and $2 of a shell).',
    ).optional(),
    cleanup: command(place, 'Takes the TXT record away again; called like present.').optional(),
    rfc2136: rfc2136.optional(),
    'follow-cname': scalar(
      parseYesNo,
      SWITCH,
      'Put the record where a CNAME at _acme-challenge points (default yes).',
    ).optional(),
    propagation: duration(
      { min: 0, max: DAY },
      'Wait this long for all authoritative servers to have the record (default 2m).',
    ).optional(),
  });
  return map(
    {
      'http-01': http.superRefine((value, context) => justOne(value, ['webroot', 'listen'], context)).optional(),
      'tls-alpn-01': map({ listen }).optional(),
      'dns-01': dns
        .superRefine((value, context) => {
          justOne(value, ['present', 'rfc2136'], context);
          if (value.cleanup && !value.present)
            context.addIssue({ code: 'custom', message: 'cleanup has nothing to clean without present' });
        })
        .optional(),
    },
    'How the CA is shown that the names are ours.',
  ).superRefine((value, context) => justOne(value, ['http-01', 'tls-alpn-01', 'dns-01'], context));
}

/** The reload is not among them: what a rehearsal has got is never served. */
const REHEARSED_HOOKS = ['pre-hook', 'deploy-hook'] as const;
export type RehearsedHook = (typeof REHEARSED_HOOKS)[number];

export function certificateSchema(context: SchemaContext) {
  const { place, secrets } = context;
  const value = scalar((text) => (text.includes('\0') ? err('a value has no NUL') : ok(text)), TEXT);
  const shape = map(
    {
      name: scalar(parseCertificateName, TEXT, 'What reports and `certwatch renew NAME` call it.'),
      domains: oneOrMore(scalar(parseDomain, TEXT)).describe('The names that the certificate is for.').optional(),
      key: keySchema.optional(),
      'reuse-key': scalar(parseYesNo, SWITCH, 'Keep the key from one certificate to the next (default no).').optional(),
      challenge: challengeSchema(context).optional(),
      command: command(place, 'An existing client that renews it, in place of the built-in one.').optional(),
      environment: z
        .record(z.string().regex(VARIABLE, 'expected the name of a variable'), value)
        .describe(
          'Environment of all commands, DNS hooks included, on top of our own and of CERTWATCH_NAME and the like.',
        )
        .optional(),
      live: path(place, 'The folder of privkey.pem, cert.pem, chain.pem and fullchain.pem.').optional(),
      pkcs12: map(
        { file: path(place), password: secret(secrets, 'Better as !file PATH.') },
        'Write a PKCS#12 file too (RSA keys by node-forge, EC keys by OpenSSL; AES-256).',
      ).optional(),
      'pre-hook': command(place, 'Run before anything is ordered.').optional(),
      'deploy-hook': command(place, 'Run once the new files are in place, before the reload.').optional(),
      rehearse: oneOrMore(
        scalar(
          parseChoice(REHEARSED_HOOKS),
          { enum: [...REHEARSED_HOOKS] },
          'Hooks that run in a rehearsal, too (default none).',
        ),
      )
        .describe('Hooks that run in a rehearsal, too, with CERTWATCH_REHEARSAL=1 (default none).')
        .optional(),
      'rehearse-command': command(place, 'What a rehearsal runs in place of the command: its dry run.').optional(),
      reload: command(
        place,
        'Makes the server take the new certificate; shared with those that have the very same.',
      ).optional(),
      'reload-timeout': duration({ min: SECOND, max: DAY }, 'Of the reload command (default 1m).').optional(),
      verify: oneOrMore(targetSchema())
        .describe('Where it has to be served (default: the domains on 443, every address).')
        .optional(),
      'renew-at': scalar(parseThreshold, TEXT, 'Renew when less than this is left (default auto).').optional(),
      timeout: duration({ min: SECOND, max: DAY }, 'Of the whole renewal (default 5m).').optional(),
      acme: acmeSchema(context).optional(),
    },
    'A certificate to renew, install and see served.',
  );
  return shape.superRefine(checkWhole);
}

export type CertificateConfig = z.output<ReturnType<typeof certificateSchema>>;

/** What no single key shows. RFC 8555 7.1.3: wildcards by dns-01 only; RFC 8738 7: addresses never by dns-01. */
function checkWhole(
  value: z.output<ReturnType<typeof map>> & Record<string, unknown>,
  context: z.core.$RefinementCtx,
): void {
  const entry = value as CertificateConfig;
  const refuse = (message: string, ...at: (string | number)[]) =>
    context.addIssue({ code: 'custom', message, path: at });
  const domains = entry.domains ?? [];
  domains.forEach((domain, i) => {
    if (domains.indexOf(domain) < i) refuse(`${quote(domain)} is given twice`, 'domains', i);
  });
  entry.rehearse?.forEach((hook, i) => {
    if (!entry[hook]) refuse(`there is no ${hook} here for a rehearsal to run`, 'rehearse', i);
  });
  if (entry.command) {
    for (const key of ['challenge', 'key', 'reuse-key', 'acme', 'pkcs12'] as const) {
      if (entry[key] !== undefined) refuse('belongs to the built-in client, and this certificate has a command', key);
    }
    if (!entry.live && !entry.verify && domains.length === 0)
      refuse('expected live, verify or domains: nothing would show that it was renewed');
    return;
  }
  if (entry['rehearse-command'])
    refuse('goes with a command; the built-in client rehearses its own orders', 'rehearse-command');
  if (domains.length === 0) refuse('expected domains, or the command of an existing client');
  if (!entry.challenge) refuse('expected a challenge (http-01, tls-alpn-01 or dns-01)');
  if (!entry.live) refuse('expected live, the folder to install into');
  const dns = entry.challenge?.['dns-01'] !== undefined;
  domains.forEach((domain, i) => {
    if (domain.startsWith('*.') && entry.challenge && !dns)
      refuse(`the wildcard ${quote(domain)} needs the challenge dns-01`, 'domains', i);
    if (isIP(domain) !== 0 && dns) refuse(`the address ${quote(domain)} cannot be shown by dns-01`, 'domains', i);
  });
}
