/** What a person reads while it happens: short lines, each with the seconds since the start. */

export interface Story {
  /** One thing that happened. */
  say(text: string): void;
  /** A heading: what is tried next. */
  chapter(title: string): void;
  /** As it is, without a time. */
  plain(text: string): void;
  /** Seconds since the start. */
  elapsed(): number;
}

export function createStory(write: (line: string) => void): Story {
  const startedAt = performance.now();
  const elapsed = (): number => (performance.now() - startedAt) / 1000;
  return {
    say: (text) => write(`${elapsed().toFixed(1).padStart(6)} s  ${text}`),
    chapter: (title) => write(`\n${title}`),
    plain: write,
    elapsed,
  };
}
