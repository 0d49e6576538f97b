/** Words with what is typed at a machine between backticks, shown as such. */
export function Coded({ text }: { text: string }) {
  return <>{text.split("`").map((part, n) => (n % 2 ? <code key={n}>{part}</code> : part))}</>;
}
