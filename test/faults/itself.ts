/** placeholder */
export const OWN_FAULTS: readonly { story: string; exit: number; says: string }[] = [];
