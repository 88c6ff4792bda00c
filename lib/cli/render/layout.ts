/** Text on a page 80 columns wide: wrapped paragraphs, columns that line up. */

export const pageWidth = 80;

export interface WrapOptions {
  /** Before each line. */
  readonly indent?: string;
  /** Before the first line in place of `indent`. */
  readonly first?: string;
  readonly width?: number;
}

/** Breaks at spaces. A longer word keeps a line of its own, unbroken: it may be a digest that somebody copies. */
export function wrap(text: string, { indent = '', first = indent, width = pageWidth }: WrapOptions = {}): string[] {
  const lines: string[] = [];
  let line = first;
  let isFresh = true;
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (!isFresh && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent;
      isFresh = true;
    }
    line += isFresh ? word : ` ${word}`;
    isFresh = false;
  }
  return [...lines, line.trimEnd()];
}

/** At most `width` characters, the last one an ellipsis where something was cut. */
export function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** Text from a host, a log or Git: no control character reaches the terminal. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- the very characters that must not pass
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}
