// Tells TypeScript that a stylesheet may be imported for its side effect; esbuild writes it to widget.css.
declare module "*.css";
