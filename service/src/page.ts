/** The page for people: one self-contained document whose colour comes from the release, so that a switch is seen at a glance. */
import { createHash } from 'node:crypto';
import type { Reply } from './reply.ts';
import type { Settings } from './settings.ts';

/** Rendered once: nothing in it changes while the process lives. */
export function page(settings: Settings): Reply {
  const style = styleOf(hueOf(settings.release));
  // The digest of the one style element is all that the page allows itself.
  const digest = createHash('sha256').update(style).digest('base64');
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': `default-src 'none'; style-src 'sha256-${digest}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    },
    body: documentOf(settings, style),
  };
}

/** Degrees on the colour wheel. Two releases in a row rarely look alike. */
export function hueOf(release: string): number {
  return createHash('sha256').update(release).digest().readUInt16BE(0) % 360;
}

function documentOf(settings: Settings, style: string): string {
  const greeting = escape(settings.greeting);
  const release = escape(settings.release.slice(0, 12));
  const hue = hueOf(settings.release);
  const icon = `%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='hsl(${hue} 60%25 50%25)'/%3E%3C/svg%3E`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${greeting} · ${release}</title>
<link rel="icon" href="data:image/svg+xml,${icon}">
<style>${style}</style>
</head>
<body>
<main>
<p class="environment">${escape(settings.environment)}</p>
<h1>${greeting}</h1>
<p class="release"><span>release</span> <code>${release}</code></p>
<dl>
${[
  row('Host', settings.host),
  row('Slot', settings.slot),
  row('Commit', settings.commit.slice(0, 12)),
  row('Node.js', process.versions.node),
].join('\n')}
</dl>
<footer><a href="/version">version</a> <a href="/health">health</a></footer>
</main>
</body>
</html>
`;
}

function row(name: string, value: string): string {
  return `<div><dt>${name}</dt><dd>${escape(value)}</dd></div>`;
}

/** Lightness and chroma are fixed, so that text keeps a contrast of 4.5:1 or more whatever the hue. */
function styleOf(hue: number): string {
  return `
:root {
  color-scheme: light dark;
  --accent: light-dark(oklch(48% 0.13 ${hue}), oklch(80% 0.12 ${hue}));
  --tint: light-dark(oklch(96% 0.02 ${hue}), oklch(20% 0.02 ${hue}));
  --card: light-dark(#fff, oklch(25% 0.015 ${hue}));
  --text: light-dark(#1b1b1f, #ececf1);
  --quiet: light-dark(#5a5a66, #a9a9b6);
}
* { box-sizing: border-box; margin: 0; }
body {
  min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
  background: var(--tint); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif;
}
main {
  width: min(34rem, 100%); padding: 2.5rem; border-radius: 1rem;
  background: var(--card); border-top: 0.5rem solid var(--accent);
  box-shadow: 0 0.5rem 2rem rgb(0 0 0 / 0.08);
}
h1 { font-size: clamp(2rem, 8vw, 3.25rem); line-height: 1.1; overflow-wrap: anywhere; }
.environment {
  display: inline-block; margin-bottom: 1rem; padding: 0.1rem 0.75rem; border-radius: 1rem;
  border: 1px solid var(--accent); color: var(--accent); font-size: 0.875rem; font-weight: 600;
}
.release { margin: 0.75rem 0 2rem; font-size: 1.25rem; color: var(--quiet); }
code, dd { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
.release code { color: var(--accent); font-weight: 600; }
dl { display: grid; gap: 0.5rem; }
dl div { display: grid; grid-template-columns: 6rem 1fr; }
dt, footer { color: var(--quiet); }
footer { display: flex; gap: 1rem; margin-top: 2rem; font-size: 0.875rem; }
a { color: var(--accent); }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
