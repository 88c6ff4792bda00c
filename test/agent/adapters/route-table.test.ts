import { RouteTable } from '../../../lib/agent/adapters/route-table.ts';

const hot = { active: 'green', backup: 'blue', healthPath: '/health' } as const;
const alone = { active: 'green', backup: null, healthPath: '/health' } as const;

describe('the route table of the built-in proxy', () => {
  it('has nobody to send to before its first route', () => {
    const table = new RouteTable();
    expect(table.candidates()).toEqual([]);
    expect(table.canServe()).toBe(false);
  });

  it('prefers the active slot, and the backup once the active one is unreachable, until it is routed again', () => {
    const table = new RouteTable();
    table.apply(hot);
    expect(table.candidates()).toEqual(['green', 'blue']);
    table.reportUnreachable('green');
    expect(table.candidates()).toEqual(['blue', 'green']);
    table.reportHealth('green', 'passed');
    expect(table.candidates()).toEqual(['blue', 'green']);
    table.apply(hot);
    expect(table.candidates()).toEqual(['green', 'blue']);
  });

  it('does not give up an active slot that has no backup', () => {
    const table = new RouteTable();
    table.apply(alone);
    table.reportUnreachable('green');
    expect(table.candidates()).toEqual(['green']);
    expect(table.canServe()).toBe(true);
  });

  it('cannot serve after three failed checks in a row, and can again after one that passed', () => {
    const table = new RouteTable();
    table.apply(alone);
    for (const check of ['failed', 'failed', 'passed', 'failed', 'failed'] as const) table.reportHealth('green', check);
    expect(table.canServe()).toBe(true);
    table.reportHealth('green', 'failed');
    expect(table.canServe()).toBe(false);
    table.reportHealth('green', 'passed');
    expect(table.canServe()).toBe(true);
  });

  it('asks the backup at the path that it had when it was active', () => {
    const table = new RouteTable();
    table.apply({ active: 'blue', backup: null, healthPath: '/old' });
    table.apply({ active: 'green', backup: 'blue', healthPath: '/new' });
    expect(table.checks()).toEqual([
      { slot: 'green', path: '/new' },
      { slot: 'blue', path: '/old' },
    ]);
  });

  it('asks a backup that was never active at the path of the active one', () => {
    const table = new RouteTable();
    table.apply(hot);
    expect(table.checks()).toContainEqual({ slot: 'blue', path: '/health' });
  });
});
