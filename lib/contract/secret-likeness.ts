/** Tells whether a text is likely a secret: a known form of token, or long and random. */

const knownForms: readonly RegExp[] = [
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/,
  /-----BEGIN [A-Z ]*PRIVATE KEY/,
  /\bgh[pousr]_[A-Za-z0-9]{20,}/,
  /\bgithub_pat_\w{20,}/,
  /\bglpat-[\w-]{20,}/,
  /\bxox[abprs]-[\w-]{10,}/,
  /\b[rs]k_(?:live|test)_\w{10,}/,
  /\bAIza[\w-]{35}/,
  /\beyJ[\w-]{10,}\.[\w-]{10,}\./,
  /\bnpm_[A-Za-z0-9]{30,}/,
  // A password inside a URL.
  /^[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:[^\s/:@]+@/i,
];

/** Random base64 of 32 characters has about 4.5; hexadecimal digests have below 4, words and paths below 4. */
const randomBitsPerCharacter = 4.2;

export function looksLikeSecret(text: string): boolean {
  return knownForms.some((form) => form.test(text)) || isLongAndRandom(text);
}

function isLongAndRandom(text: string): boolean {
  return /^[\w+/=-]{32,}$/.test(text) && /\d/.test(text) && bitsPerCharacter(text) >= randomBitsPerCharacter;
}

/** Shannon entropy. */
function bitsPerCharacter(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  const shares = [...counts.values()].map((count) => count / text.length);
  return -shares.reduce((sum, share) => sum + share * Math.log2(share), 0);
}
