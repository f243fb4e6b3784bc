/**
 * The whole config file as one schema, made from the settings tables and the structure around them. Types, validation and
 * JSON Schema all come from it. Loads `zod`: import it only where a config is read.
 */
import { resolve } from 'node:path';
import { z } from 'zod';
import { err, ok } from '../model/result.ts';
import { quote } from '../targets/nearest.ts';
import { placeFiles } from '../targets/parse-target.ts';
import { parsePath } from '../targets/setting-values.ts';
import { DEFAULT_DIRECTORY, isKnownDirectory } from './acme-directories.ts';
import { acmeSchema, type SchemaContext } from './acme-schema.ts';
import { certificateSchema } from './certificate-schema.ts';
import { RUN_KEYS, type RunKey, type RunPatch, refuseFormats, runSettingOf } from './run-settings.ts';
import { jsonOf, map, oneOrMore, scalar, TEXT } from './schema-values.ts';
import { patchOfShape, settingShape, targetSchema } from './target-schema.ts';

export function configSchema(context: SchemaContext) {
  const list = scalar((text) => {
    if (text === '-') return err('the standard input is for the command line (-f -), not for a config');
    const path = parsePath(text);
    return path.ok ? ok(context.place(path.value)) : path;
  }, TEXT);
  // Renewal hands its paths to other processes and writes them down for later runs, and `./dns` without its folder would be
  // looked for in PATH: they are absolute.
  const fixed: SchemaContext = { ...context, place: (path) => resolve(context.place(path)) };
  return map({
    defaults: map(settingShape('defaults'), 'Settings of every target that says nothing else.').optional(),
    targets: z.array(targetSchema()).describe('What to watch: list lines, or maps.').optional(),
    lists: oneOrMore(list).describe('Files with one target a line.').optional(),
    ...runShape(context),
    acme: acmeSchema(fixed).optional(),
    certificates: z.array(certificateSchema(fixed)).describe('What to renew.').optional(),
  })
    .superRefine(checkWhole)
    .transform(({ defaults, targets, lists, acme, certificates, ...rest }) => ({
      defaults: placeFiles(patchOfShape(defaults ?? {}, 'defaults'), context.place),
      targets: targets ?? [],
      lists: lists ?? [],
      run: runPatchOf(rest),
      acme,
      certificates: certificates ?? [],
    }));
}

export type ConfigValues = z.output<ReturnType<typeof configSchema>>;

function runShape({ place }: SchemaContext): Record<string, z.ZodType> {
  const rows = RUN_KEYS.map(runSettingOf).filter((row) => row.inConfig);
  return Object.fromEntries(
    rows.map((row) => {
      const one = scalar(
        (text) => {
          const parsed = row.parse(text);
          return parsed.ok && row.place ? ok(row.place(parsed.value, place)) : parsed;
        },
        jsonOf(row.shape),
        row.doc,
      );
      const { combine } = row;
      if (!combine) return [row.key, one.optional()];
      return [
        row.key,
        oneOrMore(one)
          .transform((values) => values.reduce((a, b) => combine(a, b)))
          .describe(row.doc)
          .optional(),
      ];
    }),
  );
}

function runPatchOf(values: Readonly<Record<string, unknown>>): RunPatch {
  const given = RUN_KEYS.filter((key) => values[key] !== undefined);
  return Object.fromEntries(given.map((key): [RunKey, unknown] => [key, values[key]]));
}

type Acme = z.output<ReturnType<typeof acmeSchema>>;

/**
 * Of CAs that everybody uses it is known that they have terms (RFC 8555 7.1.1), and rather said now than at night; another
 * one tells by itself.
 */
function termsUnagreed(all: Acme = {}, own: Acme = {}): { readonly key: string; readonly ca: string } | undefined {
  const agreed = own.account?.['agree-tos'] ?? all.account?.['agree-tos'] ?? false;
  const directory = own.directory ?? all.directory ?? DEFAULT_DIRECTORY;
  if (!agreed && isKnownDirectory(directory.url)) return { key: 'account.agree-tos', ca: directory.name };
  const second = own.fallback ?? all.fallback;
  if (!second || (second.account?.['agree-tos'] ?? agreed)) return undefined;
  const { url, name } = second.directory ?? DEFAULT_DIRECTORY;
  return isKnownDirectory(url) ? { key: 'fallback.account.agree-tos', ca: name } : undefined;
}

interface Whole {
  readonly format?: RunPatch['format'];
  readonly acme?: Acme | undefined;
  readonly certificates?: readonly {
    readonly name: string;
    readonly command?: unknown;
    readonly live?: string | undefined;
    readonly acme?: Whole['acme'];
  }[];
}

function checkWhole(value: object, context: z.core.$RefinementCtx): void {
  const { format, acme, certificates = [] } = value as Whole;
  const clash = format && refuseFormats(format);
  if (clash !== undefined) context.addIssue({ code: 'custom', message: clash, path: ['format'] });
  const names = certificates.map(({ name }) => name);
  const folders = certificates.map(({ live }) => live);
  certificates.forEach((certificate, i) => {
    const refuse = (message: string, ...at: string[]) =>
      context.addIssue({ code: 'custom', message, path: ['certificates', i, ...at] });
    if (names.indexOf(certificate.name) < i)
      refuse(`another certificate is named ${quote(certificate.name)} too`, 'name');
    if (certificate.live !== undefined && folders.indexOf(certificate.live) < i)
      refuse('another certificate lives there too', 'live');
    const unagreed = certificate.command ? undefined : termsUnagreed(acme, certificate.acme);
    if (unagreed) refuse(`expected acme.${unagreed.key} to be true: ${unagreed.ca} has terms of service to agree to`);
  });
}
