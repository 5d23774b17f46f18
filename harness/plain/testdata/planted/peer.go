package planted

import (
	"bufio"
	"fmt"
	"net"
	"sync"
)

// A Peer numbers its requests and matches the answers to them.
type Peer struct {
	conn net.Conn
	wmu  sync.Mutex // one writes at a time
	mu   sync.Mutex
	next int
	wait map[int]chan string
}

func NewPeer(conn net.Conn) *Peer {
	p := &Peer{conn: conn, wait: map[int]chan string{}}
	go p.read()
	return p
}

func (p *Peer) read() {
	answers := bufio.NewReader(p.conn)
	for {
		var id int
		var s string
		if _, err := fmt.Fscanln(answers, &id, &s); err != nil {
			return
		}
		p.mu.Lock()
		ch := p.wait[id]
		delete(p.wait, id)
		p.mu.Unlock()
		ch <- s
	}
}

func (p *Peer) Call(s string) string {
	p.wmu.Lock()
	id, ch := p.enter()
	fmt.Fprintln(p.conn, id, s)
	p.wmu.Unlock()
	return <-ch
}

func (p *Peer) enter() (id int, ch chan string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id, ch = p.next, make(chan string, 1)
	p.next++
	p.wait[id] = ch
	return id, ch
}
