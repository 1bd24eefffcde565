/** Whether the process or the system has no file descriptor left; that says nothing about the other side. */
export function isOutOfDescriptors(error: Error): boolean {
  return 'code' in error && (error.code === 'EMFILE' || error.code === 'ENFILE')
}
