import type { Mutant } from "../mutant.ts";
import { promiseBeforeSync } from "./01-promise-before-sync.ts";
import { acceptedBeforeSync } from "./02-accepted-before-sync.ts";
import { promiseForgotten } from "./03-promise-forgotten.ts";
import { ballotUsedTwice } from "./04-ballot-used-twice.ts";
import { acceptComparesWithVote } from "./05-accept-compares-with-vote.ts";
import { acceptRaisesNothing } from "./06-accept-raises-nothing.ts";
import { valueOfAnotherPromise } from "./07-value-of-another-promise.ts";
import { longestLog } from "./08-longest-log.ts";
import { promiseCutShort } from "./09-promise-cut-short.ts";
import { noopsOverPromises } from "./10-noops-over-promises.ts";
import { ballotAdopted } from "./11-ballot-adopted.ts";
import { messagesCounted } from "./12-messages-counted.ts";
import { acceptedOfAnotherBallot } from "./13-accepted-of-another-ballot.ts";
import { quorumTooSmall } from "./14-quorum-too-small.ts";
import { votesOfAnyBallot } from "./15-votes-of-any-ballot.ts";
import { localEntryTakenAsChosen } from "./16-local-entry-taken-as-chosen.ts";
import { leaderAlone } from "./17-leader-alone.ts";
import { chosenMoves } from "./18-chosen-moves.ts";
import { holeLeftOpen } from "./19-hole-left-open.ts";
import { noPatience } from "./20-no-patience.ts";
import { restOfLogCut } from "./21-rest-of-log-cut.ts";
import { tornTakenForWhole } from "./22-torn-taken-for-whole.ts";
import { renamedUnsynced } from "./23-renamed-unsynced.ts";
import { syncErrorSwallowed } from "./24-sync-error-swallowed.ts";
import { tailTakenForDurable } from "./25-tail-taken-for-durable.ts";
import { trimmedTooSoon } from "./26-trimmed-too-soon.ts";
import { snapshotOffByOne } from "./27-snapshot-off-by-one.ts";
import { oldSnapshotInstalled } from "./28-old-snapshot-installed.ts";
import { installForgets } from "./29-install-forgets.ts";
import { restoreMerges } from "./30-restore-merges.ts";
import { sessionsNotInSnapshot } from "./31-sessions-not-in-snapshot.ts";
import { leaderRemembers } from "./32-leader-remembers.ts";
import { replyComputedAnew } from "./33-reply-computed-anew.ts";
import { notOfTheLog } from "./34-not-of-the-log.ts";
import { setInForceTooSoon } from "./35-set-in-force-too-soon.ts";
import { changeTooSoon } from "./36-change-too-soon.ts";
import { votesOfStrangers } from "./37-votes-of-strangers.ts";
import { wipedDiskVotes } from "./38-wiped-disk-votes.ts";
import { staleReads } from "./39-stale-reads.ts";
import { leaseTooLong } from "./40-lease-too-long.ts";
import { releaseOfAnother } from "./41-release-of-another.ts";
import { tokensCountedByReplica } from "./42-tokens-counted-by-replica.ts";
import { grantToTheDead } from "./43-grant-to-the-dead.ts";
import { sessionRevived } from "./44-session-revived.ts";

/** Every mutant, by row. */
export const MUTANTS: readonly Mutant[] = [
  ...promiseBeforeSync,
  ...acceptedBeforeSync,
  ...promiseForgotten,
  ...ballotUsedTwice,
  ...acceptComparesWithVote,
  ...acceptRaisesNothing,
  ...valueOfAnotherPromise,
  ...longestLog,
  ...promiseCutShort,
  ...noopsOverPromises,
  ...ballotAdopted,
  ...messagesCounted,
  ...acceptedOfAnotherBallot,
  ...quorumTooSmall,
  ...votesOfAnyBallot,
  ...localEntryTakenAsChosen,
  ...leaderAlone,
  ...chosenMoves,
  ...holeLeftOpen,
  ...noPatience,
  ...restOfLogCut,
  ...tornTakenForWhole,
  ...renamedUnsynced,
  ...syncErrorSwallowed,
  ...tailTakenForDurable,
  ...trimmedTooSoon,
  ...snapshotOffByOne,
  ...oldSnapshotInstalled,
  ...installForgets,
  ...restoreMerges,
  ...sessionsNotInSnapshot,
  ...leaderRemembers,
  ...replyComputedAnew,
  ...notOfTheLog,
  ...setInForceTooSoon,
  ...changeTooSoon,
  ...votesOfStrangers,
  ...wipedDiskVotes,
  ...staleReads,
  ...leaseTooLong,
  ...releaseOfAnother,
  ...tokensCountedByReplica,
  ...grantToTheDead,
  ...sessionRevived,
];
