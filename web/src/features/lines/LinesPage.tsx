import { useCallback, useState, type ReactNode } from 'react';
import { deleteRule, deleteTrunk, listRules, listTrunks, type Rule, type Trunk } from '../../api';
import { strings } from '../../strings';
import { operator } from '../../strings/operator';
import { Badge, Button, Card, Confirm, Dialog, Empty, Notice } from '../../ui';
import { explain, useAccess } from '../access/store';
import { usePolled } from '../access/usePolled';
import { RuleForm } from './RuleForm';
import { TrunkForm } from './TrunkForm';

const EVERY_MS = 15_000;

interface Question {
  title: string;
  act: () => Promise<void>;
}

/** The ways to and from the telephone network, and who answers what comes in. */
export function LinesPage() {
  const words = operator.lines;
  const key = useAccess((access) => access.key);
  const trunks = usePolled(
    useCallback(() => listTrunks(key), [key]),
    EVERY_MS,
  );
  const rules = usePolled(
    useCallback(() => listRules(key), [key]),
    EVERY_MS,
  );
  const [adding, setAdding] = useState<'trunk' | 'rule'>();
  const [question, setQuestion] = useState<Question>();
  const [trouble, setTrouble] = useState<unknown>();

  const refresh = () => {
    trunks.refresh();
    rules.refresh();
  };
  const added = () => {
    setAdding(undefined);
    refresh();
  };
  const answer = async (yes: boolean) => {
    setQuestion(undefined);
    if (!yes || !question) return;
    try {
      await question.act();
      setTrouble(undefined);
    } catch (error) {
      setTrouble(error);
    }
    refresh();
  };
  const failed = trouble ?? trunks.error ?? rules.error;

  return (
    <>
      {failed !== undefined && <Notice kind="warning">{explain(failed)}</Notice>}
      <Card
        title={words.trunks}
        hint={words.trunksHint}
        action={
          <Button onClick={() => setAdding('trunk')} data-testid="add-trunk">
            {words.add}
          </Button>
        }
      >
        {trunks.value?.length === 0 && <Empty title={words.noTrunks} />}
        <ul className="divide-y divide-line empty:hidden">
          {trunks.value?.map((trunk) => (
            <Row
              key={trunk.id}
              testId="trunk"
              name={trunk.name || words.unnamed}
              badge={words.kinds[trunk.kind] ?? trunk.kind}
              details={aboutTrunk(trunk)}
              onRemove={() =>
                setQuestion({
                  title: words.removeTrunk,
                  act: () => deleteTrunk(trunk.id, key),
                })
              }
            />
          ))}
        </ul>
      </Card>
      <Card
        title={words.rules}
        hint={words.rulesHint}
        action={
          <Button onClick={() => setAdding('rule')} data-testid="add-rule">
            {words.addRule}
          </Button>
        }
      >
        {rules.value?.length === 0 && <Empty title={words.noRules} />}
        <ul className="divide-y divide-line empty:hidden">
          {rules.value?.map((rule) => (
            <Row
              key={rule.id}
              testId="rule"
              name={rule.name || words.unnamed}
              badge={words.ruleKinds[rule.kind] ?? rule.kind}
              details={aboutRule(rule, trunks.value ?? [])}
              onRemove={() =>
                setQuestion({ title: words.removeRule, act: () => deleteRule(rule.id, key) })
              }
            />
          ))}
        </ul>
      </Card>
      {adding === 'trunk' && (
        <Dialog title={words.add} onClose={() => setAdding(undefined)}>
          <TrunkForm onDone={added} />
        </Dialog>
      )}
      {adding === 'rule' && (
        <Dialog title={words.addRule} onClose={() => setAdding(undefined)}>
          <RuleForm trunks={trunks.value ?? []} onDone={added} />
        </Dialog>
      )}
      {question && (
        <Confirm
          title={question.title}
          text={words.removeText}
          yes={words.remove}
          no={strings.confirm.cancel}
          onAnswer={(yes) => void answer(yes)}
        />
      )}
    </>
  );
}

interface RowProps {
  testId: string;
  name: string;
  badge: ReactNode;
  details: string;
  onRemove: () => void;
}

function Row({ testId, name, badge, details, onRemove }: RowProps) {
  const words = operator.lines;
  return (
    <li
      data-testid={testId}
      className="flex flex-wrap items-center gap-x-3 gap-y-2 py-3 first:pt-0 last:pb-0"
    >
      <div className="min-w-48 flex-1">
        <p className="flex flex-wrap items-center gap-2">
          <span className="font-medium break-all">{name}</span>
          <Badge>{badge}</Badge>
        </p>
        <p className="mt-0.5 text-sm break-words text-muted">{details}</p>
      </div>
      <Button aria-label={words.removeOf(name)} onClick={onRemove} data-testid={`${testId}-remove`}>
        {words.remove}
      </Button>
    </li>
  );
}

function aboutTrunk(trunk: Trunk): string {
  const words = operator.lines;
  return [
    trunk.numbers.length > 0 ? trunk.numbers.join(', ') : words.any,
    trunk.address,
    trunk.allowedAddresses.length > 0 && words.from(trunk.allowedAddresses.join(', ')),
    trunk.username && words.signedIn(trunk.username),
  ]
    .filter(Boolean)
    .join(' · ');
}

function aboutRule(rule: Rule, trunks: readonly Trunk[]): string {
  const words = operator.lines;
  const lines = rule.trunkIds.map((id) => trunks.find((trunk) => trunk.id === id)?.name ?? id);
  return [
    rule.room,
    lines.length > 0 ? lines.join(', ') : words.ruleAnyTrunk,
    rule.agents.length > 0 ? words.answeredBy(rule.agents.join(', ')) : words.answeredByNobody,
    rule.hasPin && words.withPin,
  ]
    .filter(Boolean)
    .join(' · ');
}
