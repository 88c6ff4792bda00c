import { canonicalJson } from '../../lib/contract/canonical-json.ts';
import { readUserData } from '../../lib/rehearsal/user-data.ts';
import { agentSettings } from '../support/documents.ts';

const settings = agentSettings({ host: 'AROAEXAMPLE:INSTANCE_ID', bucket: 'slipway-hello-dev-111122223333' });
const digest = 'a'.repeat(64);

function script(json: string): string {
  return `#!/bin/bash
readonly bundle_sha256='${digest}'
cat > "\${settings}.tmp" <<'SLIPWAY_SETTINGS'
${json}
SLIPWAY_SETTINGS
sed -i "s/INSTANCE_ID/\${instance_id}/" "\${settings}.tmp"
`;
}

test("the settings are the machine's own, and the bundle is named by its digest", () => {
  const boot = readUserData(script(canonicalJson(settings)), 'i-0123456789abcdef0');
  expect(boot.bundleSha256).toBe(digest);
  expect(boot.settings).toEqual({ ...settings, host: 'AROAEXAMPLE:i-0123456789abcdef0' });
});

test('user data without settings is refused by what it lacks', () => {
  expect(() => readUserData('#!/bin/bash\n', 'i-1')).toThrow(expect.objectContaining({ code: 'machine-failed' }));
});

test('settings that the agent would not take are refused', () => {
  const wrong = canonicalJson({ ...settings, bucket: '' });
  expect(() => readUserData(script(wrong), 'i-1')).toThrow(expect.objectContaining({ code: 'invalid' }));
});
