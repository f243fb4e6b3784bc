/**
 * What `acme:` and `certificates:` mean where they say nothing, as a person would write it.
 */
export const ACME_DEFAULTS = {
  directory: 'letsencrypt',
  ari: true,
  'request-timeout': '30s',
} as const;

/** Of certificates that the built-in client renews. */
export const OWN_CERTIFICATE_DEFAULTS = {
  key: 'ec256',
  'reuse-key': false,
} as const;

export const CERTIFICATE_DEFAULTS = {
  'renew-at': 'auto',
  'reload-timeout': '1m',
  timeout: '5m',
} as const;
