// The storyboard runner of @adcp/sdk over the storyboards of the task: one of its own by name, or a file; whole, or one step of it alone
// where the rest is for tools that are not served. A line for each step, and one with the runner's own sums for each whole storyboard.
import { getComplianceStoryboardById, loadStoryboardFile, runStoryboard, runStoryboardStep } from '@adcp/sdk/testing';
import { task, tell } from './task.mjs';

const options = {
  protocol: 'mcp',
  allow_http: true,
  auth: { type: 'bearer', token: task.key },
  // What the runner probes credentials with: one that must be taken, and a read that needs one.
  test_kit: { auth: { api_key: task.key, probe_task: 'get_media_buy_delivery' } },
};

// A client of this release calls an answer with errors in it failed, whatever its storyboard asks; then the validations are what tells.
const outcome = step => step.skipped ? 'skipped' : step.passed ? 'passed'
  : step.validations.length > 0 && step.validations.every(v => v.passed) ? 'failed, every validation held' : 'failed';

const line = (storyboard, step) => ({
  storyboard,
  step: step.step_id,
  outcome: outcome(step),
  told: step.skip?.reason ?? step.skip_reason ?? [step.error, ...step.validations.filter(v => !v.passed).map(v => `${v.check} ${v.path ?? ''}: ${v.error ?? v.description}`)].filter(Boolean).join('; '),
});

for (const { name, file, step, context } of task.storyboards) {
  const storyboard = file ? loadStoryboardFile(file) : getComplianceStoryboardById(name);
  if (step) {
    tell(line(name, await runStoryboardStep(task.url, storyboard, step, { ...options, context })));
    continue;
  }
  const result = await runStoryboard(task.url, storyboard, options);
  result.phases.flatMap(phase => phase.steps).forEach(each => tell(line(name, each)));
  // What was asked of the run as a whole fails no step.
  (result.assertions ?? []).filter(a => a.scope === 'storyboard' && !a.passed).forEach(a => tell({ storyboard: name, step: a.assertion_id, outcome: 'failed', told: a.error ?? a.description ?? '' }));
  tell({ storyboard: name, passed: result.passed_count, failed: result.failed_count, skipped: result.skipped_count });
}
process.exit(0);
