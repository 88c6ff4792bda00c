/** What would be a way in beside Session Manager: a key pair, the daemon, its port in a rule, or a command that logs in. */
export const sshPath =
  /KeyName|KeyPair|authorized_keys|\bsshd\b|openssh|AWS-StartSSHSession|ec2-instance-connect|\bssh\s+(?:-\w|\S+@)|\b(?:scp|sftp)\s+\S|(?:From|To)Port"?:\s*"?22\b/i;
