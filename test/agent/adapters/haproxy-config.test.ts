import { haproxyConfig, haproxyMap, layoutDigest, switchCommands } from '../../../lib/agent/adapters/haproxy-config.ts';
import type { Route } from '../../../lib/agent/ports.ts';
import { agentSettings } from '../../support/documents.ts';

const { listen, slots } = agentSettings();
const props = { listen, slots, socket: { path: '../run/haproxy.sock', mode: '600' } } as const;
const map = { active: 'green', blue: '/health', green: '/health' } as const;
const hot: Route = { active: 'green', backup: 'blue', healthPath: '/health' };
const alone: Route = { active: 'green', backup: null, healthPath: '/health' };

describe('the configuration of HAProxy', () => {
  it.each([
    ['keeps idle connections over a reload', 'option idle-close-on-response'],
    ['hides the Keep-Alive header of Node.js', 'http-response del-header Keep-Alive'],
    ['hands its listening sockets to the next process', 'expose-fd listeners'],
    ['waits for an idle client longer than the load balancer', 'timeout http-keep-alive 75s'],
    ['takes a slot down at its first failed connection', 'observe layer4 error-limit 1 on-error mark-down'],
    ['sends a failed request to the other slot', 'option redispatch 1'],
    ['repeats what got no answer', 'retry-on conn-failure empty-response'],
    ['has the request at hand to repeat it', 'option http-buffer-request'],
    [
      'repeats nothing that could act twice',
      'http-request disable-l7-retry unless { method GET HEAD PUT DELETE OPTIONS }',
    ],
    ['answers the load balancer itself', 'acl asks-health path /.slipway/health'],
  ])('%s', (_title, line) => {
    expect(haproxyConfig(props, hot)).toContain(line);
  });

  it('disables a slot that is not in the route, so that it gets nothing after a restart', () => {
    expect(haproxyConfig(props, hot)).not.toContain('disabled');
    expect(haproxyConfig(props, alone)).toMatch(/server blue 127\.0\.0\.1:8081 disabled\n/);
    expect(haproxyConfig(props, alone)).toMatch(/server green 127\.0\.0\.1:8082\n/);
  });

  it('has the same layout whatever the route is, and another one for another port', () => {
    const other = { ...props, listen: { ...listen, port: 9_090 } };
    expect(haproxyConfig(props, hot)).toContain(`Layout ${layoutDigest(props)}`);
    expect(haproxyConfig(props, alone)).toContain(`Layout ${layoutDigest(props)}`);
    expect(layoutDigest(other)).not.toBe(layoutDigest(props));
  });

  it('takes IPv6 addresses and folders with spaces', () => {
    const socket = { path: '/a "b" $c/s', mode: '600' } as const;
    const text = haproxyConfig({ ...props, listen: { address: '::', port: 80 }, socket }, hot);
    expect(text).toContain('bind [::]:80');
    expect(text).toContain(String.raw`stats socket "unix@/a \"b\" \$c/s" mode 600`);
  });

  it('takes the listening socket of the unit, and lets the group of the agent give commands', () => {
    const text = haproxyConfig({ ...props, listen: 'inherited', socket: { path: '/run/s', mode: '660' } }, hot);
    expect(text).toContain('bind fd@3\n');
    expect(text).toContain('stats socket "unix@/run/s" mode 660 level admin');
  });
});

describe('the switch', () => {
  it('enables the new slot before it gets requests, and disables the old one after', () => {
    expect(switchCommands(alone, map)).toEqual([
      'set map haproxy.map blue /health',
      'set map haproxy.map green /health',
      'set server app/green state ready',
      'set server app/green health up',
      'set map haproxy.map active green',
      'set server app/blue state maint',
    ]);
  });

  it('leaves the old slot enabled as backup', () => {
    expect(switchCommands(hot, map).filter((command) => command.includes('maint'))).toEqual([]);
  });

  it('is written down as one line for each key', () => {
    expect(haproxyMap(map)).toBe('active green\nblue /health\ngreen /health\n');
  });
});
