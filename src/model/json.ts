/** Plain data, as it goes into a report. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
