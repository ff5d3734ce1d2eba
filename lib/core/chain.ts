/** A node of a {@link Chain}: it carries its own links, so that joining and leaving allocate nothing. */
export interface Linked<Node> {
  previous: Node | undefined;
  next: Node | undefined;
}

/** A doubly linked list: first in, first out, and any node can leave at once. A node is in one chain at most. */
export class Chain<Node extends Linked<Node>> {
  first: Node | undefined;
  last: Node | undefined;
  size = 0;

  push(node: Node): void {
    node.previous = this.last;
    if (this.last === undefined) this.first = node;
    else this.last.next = node;
    this.last = node;
    this.size++;
  }

  remove(node: Node): void {
    if (node.previous === undefined) this.first = node.next;
    else node.previous.next = node.next;
    if (node.next === undefined) this.last = node.previous;
    else node.next.previous = node.previous;
    node.previous = undefined;
    node.next = undefined;
    this.size--;
  }

  *[Symbol.iterator](): IterableIterator<Node> {
    for (let node = this.first; node !== undefined; node = node.next) yield node;
  }
}
