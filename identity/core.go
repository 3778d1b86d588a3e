package identity

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/fault"
	"holdfast/internal/clock"
	"holdfast/uid"
)

// pollTokens is how often the token file is looked at.
const pollTokens = time.Second

// maxNameRunes bounds a supplier's name.
const maxNameRunes = 200

// Deps are what a Core needs.
type Deps struct {
	Store     Store
	TokenFile string      // "" for none
	Tokens    []Token     // beside those of the file
	Clock     clock.Clock // the system's when nil
	Log       *slog.Logger
}

// Core is the service. It is ready after Start.
type Core struct {
	store Store
	file  string
	fixed []Token
	clock clock.Clock
	log   *slog.Logger

	tokens atomic.Pointer[tokenSet]

	// suppliers is everything seen so far: a supplier never changes, so what is in it is never wrong; what is not in it
	// may still be in the store, made by another process.
	mu        sync.RWMutex
	suppliers map[uid.ID]Supplier

	stop chan struct{} // closed by Stop
	done chan struct{} // closed when the watcher has ended
}

var _ Service = (*Core)(nil)

// New makes a service that has nothing loaded yet.
func New(d Deps) *Core {
	if d.Clock == nil {
		d.Clock = clock.System{}
	}
	if d.Log == nil {
		d.Log = slog.Default()
	}
	c := &Core{
		store: d.Store, file: d.TokenFile, fixed: d.Tokens, clock: d.Clock, log: d.Log,
		suppliers: map[uid.ID]Supplier{}, stop: make(chan struct{}), done: make(chan struct{}),
	}
	c.tokens.Store(&tokenSet{})
	return c
}

// Start loads tokens and suppliers and goes on to watch the token file. A wrong token file fails it.
func (c *Core) Start(ctx context.Context) error {
	info, err := c.loadTokens()
	if err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	if _, err := c.Suppliers(ctx); err != nil {
		return fmt.Errorf("load suppliers: %w", err)
	}
	go c.watch(info)
	return nil
}

// Stop ends the watching; the store is the caller's to close. It is called once, after a Start that returned nil.
func (c *Core) Stop(ctx context.Context) error {
	close(c.stop)
	select {
	case <-c.done:
		return nil
	case <-ctx.Done(): // the watcher sits in a read of a file system that hangs
		return ctx.Err()
	}
}

// watch reads the token file again when it has changed. A file that cannot be read, or is wrong, changes nothing: who
// could call a moment ago still can, and the log says what is wrong, once for each state of the file.
func (c *Core) watch(seen fs.FileInfo) {
	defer close(c.done)
	if c.file == "" {
		return
	}
	tick := time.NewTicker(pollTokens)
	defer tick.Stop()
	missing := false
	for {
		select {
		case <-c.stop:
			return
		case <-tick.C:
		}
		info, err := os.Stat(c.file)
		if err != nil {
			if !missing {
				c.log.Error("token file cannot be read; the tokens read before stay valid", "error", err)
			}
			missing = true
			continue
		}
		if sameState(seen, info) && !missing {
			continue
		}
		missing = false
		if read, err := c.loadTokens(); err != nil {
			c.log.Error("token file is wrong; the tokens read before stay valid", "error", err)
			seen = info
		} else {
			c.log.Info("token file read again", "tokens", len(*c.tokens.Load()))
			seen = read
		}
	}
}

// loadTokens reads the file and publishes its tokens together with the fixed ones, all or nothing.
func (c *Core) loadTokens() (fs.FileInfo, error) {
	var tokens []Token
	var info fs.FileInfo
	if c.file != "" {
		var err error
		if tokens, info, err = readTokenFile(c.file); err != nil {
			return info, err
		}
		if _, err := newTokenSet(tokens); err != nil {
			return info, fmt.Errorf("%s: %w", c.file, err)
		}
	}
	set, err := newTokenSet(append(tokens[:len(tokens):len(tokens)], c.fixed...))
	if err != nil {
		return info, fmt.Errorf("%s and the built-in tokens together: %w", c.file, err)
	}
	c.tokens.Store(&set)
	return info, nil
}

// Authenticate implements Service.
func (c *Core) Authenticate(token string) (*Principal, error) {
	if token == "" {
		return nil, fault.New(fault.Unauthenticated, "token_missing",
			"This call needs a token: send the header Authorization: Bearer followed by yours.")
	}
	if len(token) <= maxTokenLength {
		var text [maxTokenLength]byte // on the stack: this is done for every request
		if p, ok := (*c.tokens.Load())[sha256.Sum256(text[:copy(text[:], token)])]; ok {
			return p, nil
		}
	}
	return nil, fault.New(fault.Unauthenticated, "token_unknown", "The token is not known here. Check that it is complete and meant for this system.")
}

// CreateSupplier implements Service.
func (c *Core) CreateSupplier(ctx context.Context, s Supplier) (Supplier, error) {
	if err := checkText(s.Name, maxNameRunes); err != nil {
		return Supplier{}, invalid("/name", "invalid_text", "The name %v.", err)
	}
	if s.Kind < HotelChain || s.Kind > Railway {
		return Supplier{}, invalid("/kind", "unknown_value", "The kind must be hotel_chain, airline or railway.")
	}
	if s.ID.IsZero() {
		s.ID = uid.New()
	}
	s.CreatedAt = c.clock.Now().UTC().Truncate(time.Microsecond)
	there, err := c.store.CreateSupplier(ctx, s)
	if err != nil {
		return Supplier{}, err
	}
	c.remember(there)
	if there.Name != s.Name || there.Kind != s.Kind {
		return Supplier{}, fault.New(fault.Conflict, "supplier_exists", "There is another supplier with this id: %q.", there.Name)
	}
	return there, nil
}

// Supplier implements Service.
func (c *Core) Supplier(ctx context.Context, id uid.ID) (Supplier, error) {
	c.mu.RLock()
	s, ok := c.suppliers[id]
	c.mu.RUnlock()
	if ok {
		return s, nil
	}
	s, ok, err := c.store.Supplier(ctx, id)
	if err != nil {
		return Supplier{}, err
	}
	if !ok {
		return Supplier{}, fault.New(fault.NotFound, "supplier_not_found", "There is no supplier %s.", id.Text("sup"))
	}
	c.remember(s)
	return s, nil
}

// Suppliers implements Service.
func (c *Core) Suppliers(ctx context.Context) ([]Supplier, error) {
	all, err := c.store.Suppliers(ctx)
	if err != nil {
		return nil, err
	}
	c.remember(all...)
	return all, nil
}

func (c *Core) remember(suppliers ...Supplier) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range suppliers {
		c.suppliers[s.ID] = s
	}
}

func invalid(pointer, code, format string, args ...any) error {
	e := fault.InvalidField(pointer, code, format, args...)
	e.Reason = "validation_failed"
	return e
}
