import { both, type FaultDefinition, lasting, type Undo } from "./strike.ts";

/** The next leader that sends accepts is cut off from all but a minority: some have its values, and somebody else leads without knowing them. */
export const leaderCutOff: FaultDefinition = {
  strike: ({ world, fault: { choice } }) => {
    const undos: Undo[] = [];
    const disarm = world.whenAccepts(({ id }) => {
      const others = world.nodes.filter((node) => node.id !== id);
      const kept = choice % Math.max(1, Math.ceil(others.length / 2));
      const first = (choice >>> 8) % Math.max(1, others.length);
      for (const [index, other] of others.entries()) {
        if ((index + first) % others.length < kept) continue;
        undos.push(world.network.cut(id, other.id), world.network.cut(other.id, id));
      }
    });
    return () => both(disarm, ...undos)();
  },
  words: (_names, fault) => `whoever leads is cut off from a majority as it sends accepts, ${lasting(fault)}`,
};

/** The next leader that sends accepts loses power right after it. */
export const leaderCrash: FaultDefinition = {
  strike: ({ world, fault: { choice } }) => {
    let start: Undo = () => undefined;
    const disarm = world.whenAccepts((leader) => {
      world.time.after(choice % 4, () => {
        if (choice % 8 < 4) leader.losePower(choice);
        else leader.kill();
        start = () => leader.start();
      });
    });
    return () => {
      disarm();
      start();
    };
  },
  words: (_names, fault) =>
    `whoever leads dies after it sent accepts, and starts anew ${lasting(fault).replace("for", "after")}`,
};
