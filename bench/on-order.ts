/** In a child: answers each order of the bench, until it is ended. A failure ends it at once, and tells on stderr. */
export function onOrder<Order, Answer>(work: (order: Order) => Promise<Answer>): void {
  process.on('message', (order) => {
    void work(order as Order).then((answer) => process.send?.(answer))
  })
  // The bench was killed.
  process.on('disconnect', () => process.exit(1))
}
