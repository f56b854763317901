// A resolve hook (node:module register): every import also tries the export condition `quorate-source`,
// so that the packages of the workspace are taken from their src folders instead of dist.

/** @type {import("node:module").ResolveHook} */
export function resolve(specifier, context, nextResolve) {
  const conditions = context.conditions.includes("quorate-source")
    ? context.conditions
    : [...context.conditions, "quorate-source"];
  return nextResolve(specifier, { ...context, conditions });
}
