/** From a request to the command that does it. Each is loaded only when it is asked for: the AWS SDK alone takes half a second. */
import type { Answer } from './answer.ts';
import type { Context } from './context.ts';
import type { Request } from './requests.ts';

/** Null: the command has said all that it has to say. */
// oxlint-disable-next-line eslint/complexity -- one case for each command, all of them
export async function perform(request: Request, context: Context): Promise<Answer | null> {
  switch (request.command) {
    case 'build':
      return (await import('./commands/build.ts')).build(request, context);
    case 'publish':
      return (await import('./commands/publish.ts')).publish(request, context);
    case 'deploy':
      return (await import('./commands/deploy.ts')).deploy(request, context);
    case 'wait':
      return (await import('./commands/wait.ts')).wait(request, context);
    case 'status':
      return (await import('./commands/status.ts')).status(request, context);
    case 'history':
      return (await import('./commands/history.ts')).history(request, context);
    case 'rollback':
      return (await import('./commands/rollback.ts')).rollback(request, context);
    case 'images':
      return (await import('./commands/images.ts')).images(request, context);
    case 'doctor':
      return (await import('./commands/doctor.ts')).doctor(request, context);
    case 'rehearse':
    default:
      return (await import('./commands/rehearse.ts')).rehearse(request, context);
  }
}
