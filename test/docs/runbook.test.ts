import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rejectionReasons } from '../../lib/contract/host-status.ts';
import { commandSpecs } from '../../lib/cli/commands.ts';
import { devWith } from '../infra/support.ts';

const page = readFileSync(join(__dirname, '../../docs/runbook.md'), 'utf8');
const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, heading = '']) => heading);

describe('the runbook', () => {
  test('T11: has one page per alarm, and none for an alarm that there is not', () => {
    const alarms = Object.values(devWith().service.findResources('AWS::CloudWatch::Alarm'));
    const names = alarms.map(({ Properties }) => String(Properties['AlarmName']).replace('hello-dev-', ''));
    expect(headings.filter((heading) => heading !== 'Where to look').sort()).toEqual(names.sort());
  });

  test('T11: each alarm says where its page is', () => {
    for (const { Properties } of Object.values(devWith().service.findResources('AWS::CloudWatch::Alarm'))) {
      const name = String(Properties['AlarmName']).replace('hello-dev-', '');
      expect(Properties['AlarmDescription']).toContain(`docs/runbook.md#${name.toLowerCase()}`);
    }
  });

  test('names every reason for which a host rejects a release', () => {
    for (const reason of rejectionReasons) expect(page).toContain(`\`${reason}\``);
  });

  test('names commands that exist only', () => {
    const named = [...page.matchAll(/slipway -- (\w+)/g)].map(([, name = '']) => name);
    expect(named).not.toHaveLength(0);
    for (const name of named) expect(Object.keys(commandSpecs)).toContain(name);
  });
});
