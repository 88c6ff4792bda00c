/** Runs one program of this system to its end. */
import { execFile } from 'node:child_process';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Written to its standard input; without it, that is empty. */
  readonly input?: string;
  /** Default: 30 s. */
  readonly timeoutMs?: number;
  /** Default: none. */
  readonly variables?: Readonly<Record<string, string>>;
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Rejects when it cannot be started or takes too long; its exit code is for the caller. */
export function command(program: string, args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  const { input = '', timeoutMs = 30_000, variables = {} } = options;
  return new Promise((resolve, reject) => {
    const settings = {
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: 64 * 1024 * 1024,
      env: { PATH: path, LANG: 'C.UTF-8', ...variables },
    } as const;
    const child = execFile(program, args, settings, (error, stdout, stderr) => {
      if (error === null) return resolve({ code: 0, stdout, stderr });
      if (typeof error.code === 'number' && !error.killed) return resolve({ code: error.code, stdout, stderr });
      const said = `${stdout}${stderr}`.slice(-2_000);
      const wrong = error.killed ? `it took longer than ${timeoutMs} ms` : error.message;
      reject(new Error(`running ${program} ${args.join(' ')}: ${wrong}; it said: ${said}`, { cause: error }));
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** As `command`, and rejects when it fails. Resolves with what it printed. */
export async function mustRun(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await command(program, args, options);
  if (code === 0) return stdout;
  throw new Error(`running ${program} ${args.join(' ')}: it ended with ${code}: ${`${stdout}${stderr}`.slice(-2_000)}`);
}
