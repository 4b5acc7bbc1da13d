// The storyboard runner of @adcp/sdk over the storyboards of the task: one of its own by name, or a file; one line a step.
import { getComplianceStoryboardById, loadStoryboardFile, runStoryboard } from '@adcp/sdk/testing';
import { task, tell } from './task.mjs';

for (const { name, file } of task.storyboards) {
  const storyboard = file ? loadStoryboardFile(file) : getComplianceStoryboardById(name);
  const result = await runStoryboard(task.url, storyboard, {
    protocol: 'mcp',
    allow_http: true,
    auth: { type: 'bearer', token: task.key },
    // The runner probes with a key that must be taken and a read that needs one.
    test_kit: { auth: { api_key: task.key, probe_task: 'get_media_buy_delivery' } },
  });
  for (const step of result.phases.flatMap(phase => phase.steps)) {
    tell({
      storyboard: name,
      step: step.step_id,
      tool: step.task,
      outcome: step.skipped ? 'skipped' : step.passed ? 'passed' : 'failed',
      reason: step.skip?.reason ?? step.skip_reason ?? null,
      failed: step.validations.filter(v => !v.passed).map(v => `${v.check} ${v.path ?? ''}`.trim()),
      error: step.error ?? null,
      detail: step.validations.filter(v => !v.passed),
    });
  }
  tell({ storyboard: name, step: null, passed: result.passed_count, failed_count: result.failed_count, skipped: result.skipped_count });
}
process.exit(0);
