/**
 * The `acme:` section: which CA, under which account. Loads `zod`.
 */
import { z } from 'zod';
import { err, ok, type Result } from '../model/result.ts';
import { quote } from '../targets/nearest.ts';
import { parseChoice, parseInteger, parseText, parseYesNo } from '../targets/setting-values.ts';
import { parseThreshold } from '../targets/threshold.ts';
import { HOUR, SECOND } from '../time/duration.ts';
import { ACME_DIRECTORIES, parseDirectory } from './acme-directories.ts';
import { duration, jsonOf, map, oneOrMore, path, scalar, secret, TEXT } from './schema-values.ts';

/** What the schema needs to know of the file that it reads. */
export interface SchemaContext {
  /** Makes a relative path relative to the config file. */
  readonly place: (path: string) => string;
  /** What stands in the files that `!file` names. */
  readonly secrets: ReadonlyMap<string, Result<string, string>>;
}

const SWITCH = jsonOf({ kind: 'switch' });

/** RFC 8555 7.3: contact is a list of URLs; CAs take `mailto:` only. */
function parseContact(text: string): Result<string, string> {
  const address = text.trim().replace(/^mailto:/i, '');
  if (/^[^\s@<>,;:"()]{1,64}@[^\s@<>,;:"()]{1,255}$/.test(address)) return ok(`mailto:${address}`);
  return err(`expected an e-mail address, got ${quote(text)}`);
}

function account({ place, secrets }: SchemaContext) {
  const eab = map(
    {
      kid: scalar(parseText, TEXT, 'The key identifier that the CA gave.'),
      'hmac-key': secret(secrets, 'The MAC key that the CA gave, base64url; better as !file PATH.'),
    },
    'External account binding (RFC 8555 7.3.4), for CAs that want one.',
  );
  return map(
    {
      contact: oneOrMore(scalar(parseContact, TEXT)).describe('E-mail addresses that the CA may write to.').optional(),
      'agree-tos': scalar(parseYesNo, SWITCH, "You agree to the CA's terms of service (default no).").optional(),
      eab: eab.optional(),
      key: path(place, 'The account key, PEM (default: made and kept in the state folder).').optional(),
    },
    'The account with the CA.',
  );
}

const DIRECTORY = { anyOf: [{ enum: Object.keys(ACME_DIRECTORIES) }, { type: 'string', pattern: '^https://' }] };

const directory = (doc: string) => scalar(parseDirectory, DIRECTORY, doc);

/** What may be said of a CA, in `acme:` and, overriding it, in a certificate. */
function authority(context: SchemaContext) {
  return {
    directory: directory('The CA: a name, or the URL of its directory (default letsencrypt).').optional(),
    'ca-file': path(context.place, "Trust these certificates for the directory's own HTTPS, PEM.").optional(),
    account: account(context).optional(),
    profile: scalar(parseText, TEXT, 'The certificate profile to ask for, such as shortlived.').optional(),
    'preferred-chain': scalar(
      parseText,
      TEXT,
      'Of several chains take the one whose root has this common name.',
    ).optional(),
  };
}

type Authority = z.output<z.ZodObject<ReturnType<typeof authority>, z.core.$strict>>;

export function acmeSchema(context: SchemaContext) {
  // Also with an account of its own and the like, which is seldom needed.
  const staging = z
    .union([
      directory('The directory: a name, or its URL.').transform(
        (value): Authority => ({ directory: value }),
      ) as z.ZodType<Authority>,
      map(authority(context)) as z.ZodType<Authority>,
    ])
    .describe("Where rehearsals go (default: the CA's own staging directory, where certwatch knows one).");
  const fallback = map(
    {
      ...authority(context),
      after: scalar(
        parseInteger({ min: 1, max: 100 }),
        jsonOf({ kind: 'integer', min: 1, max: 100 }),
        'After this many failures in a row (default 3).',
      ).optional(),
      remaining: scalar(
        parseThreshold,
        TEXT,
        'Or when less than this is left: a duration or a share of the lifetime (default 15%).',
      ).optional(),
    },
    'A second CA, for when the first one fails.',
  );
  return map(
    {
      ...authority(context),
      ari: scalar(parseYesNo, SWITCH, 'Ask the CA when to renew (RFC 9773; default yes).').optional(),
      'request-timeout': duration({ min: SECOND, max: HOUR }, 'Of each request to the CA (default 30s).').optional(),
      staging: staging.optional(),
      fallback: fallback.optional(),
    },
    'The certificate authority that certificates come from.',
  );
}

export type AcmeConfig = z.output<ReturnType<typeof acmeSchema>>;

const KEY_TYPES = ['ec256', 'ec384', 'rsa2048', 'rsa3072', 'rsa4096'] as const;
export type KeyType = (typeof KEY_TYPES)[number];

export const keySchema = scalar(parseChoice(KEY_TYPES), { enum: [...KEY_TYPES] }, 'The kind of key (default ec256).');
