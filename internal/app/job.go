package app

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"time"

	"holdfast/fault"
	"holdfast/hotel"
	"holdfast/identity"
	"holdfast/internal/admin"
	"holdfast/internal/config"
	"holdfast/internal/folder"
	"holdfast/internal/lifecycle"
	"holdfast/reservation"
	"holdfast/uid"
)

// The jobs of the admin socket.
const (
	auditJob  = "audit"
	importJob = "import/hotels"
	feedJob   = "import/feed"
	statusJob = "status" // for people: curl --unix-socket holdfast-data/admin.sock http://admin/status
)

// auditParts is the total that an audit counts its progress to.
const auditParts = 1000

// optionsParameter carries a job's options as JSON.
const optionsParameter = "options"

// Status is what a running server says about itself.
type Status struct {
	Version string
	URL     string
	Mode    string
	Node    string
	Now     time.Time // of its clock
	Started time.Time
}

// ImportRequest says how to import a file of hotels.
type ImportRequest struct {
	Options hotel.ImportOptions
	// CreateSupplier, when not empty, is the name of a supplier to be made (or found again) for the hotels; Options.Supplier
	// is then ignored.
	CreateSupplier string
}

// ImportWish is an import as the command line names it.
type ImportWish struct {
	Template                 string // file
	Supplier, CreateSupplier string // one of the two: an id or a name
	Columns                  map[string]string
	Identity                 string
	DryRun, SkipRefused      bool
}

// NewImportRequest reads the template and checks the wish. Errors name the flag that is wrong.
func NewImportRequest(w ImportWish) (ImportRequest, error) {
	r := ImportRequest{
		CreateSupplier: w.CreateSupplier,
		Options:        hotel.ImportOptions{Columns: w.Columns, Identity: w.Identity, DryRun: w.DryRun, SkipRefused: w.SkipRefused},
	}
	var err error
	if w.Supplier != "" {
		if r.Options.Supplier, err = uid.Parse("sup", w.Supplier); err != nil {
			return r, fmt.Errorf("--supplier: %w", err)
		}
	}
	file, err := os.Open(w.Template)
	if err != nil {
		return r, fmt.Errorf("--template: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	if r.Options.Template, err = hotel.ReadTemplate(file); err != nil {
		return r, fmt.Errorf("--template %s: %s", w.Template, admin.Explain(err))
	}
	return r, nil
}

func (s *server) jobs() map[string]admin.Job {
	started := time.Now()
	return map[string]admin.Job{
		"POST /" + auditJob: func(ctx context.Context, query url.Values, _ io.Reader, progress admin.Progress) (any, error) {
			share, err := gently(query)
			if err != nil {
				return nil, err
			}
			return s.audit(ctx, share, progress)
		},
		"POST /" + backupJob: func(ctx context.Context, query url.Values, _ io.Reader, progress admin.Progress) (any, error) {
			report, err := s.backup(ctx, query.Get(targetParameter), progress)
			if err != nil {
				return nil, &admin.Told{Err: err}
			}
			return report, nil
		},
		"POST /" + importJob: func(ctx context.Context, query url.Values, body io.Reader, progress admin.Progress) (any, error) {
			var r ImportRequest
			if err := json.Unmarshal([]byte(query.Get(optionsParameter)), &r); err != nil {
				return nil, fault.New(fault.Malformed, "malformed", "The options of the import cannot be read.").Because(err)
			}
			return s.importHotels(ctx, r, body, progress)
		},
		"POST /" + feedJob: func(ctx context.Context, query url.Values, body io.Reader, progress admin.Progress) (any, error) {
			var d delivery
			if err := json.Unmarshal([]byte(query.Get(optionsParameter)), &d); err != nil {
				return nil, fault.New(fault.Malformed, "malformed", "The options of the import cannot be read.").Because(err)
			}
			return s.importFeed(ctx, d, body, progress)
		},
		"GET /" + statusJob: func(context.Context, url.Values, io.Reader, admin.Progress) (any, error) {
			return Status{Version: s.build.Version, URL: s.url, Mode: s.mode().String(), Node: s.config.Node, Now: s.clock.Now(), Started: started.UTC()}, nil
		},
	}
}

func (s *system) audit(ctx context.Context, share float64, progress admin.Progress) (*reservation.AuditReport, error) {
	return s.reservation.AuditPaced(ctx, share, func(done float64) {
		if progress != nil {
			progress(int64(done*auditParts), auditParts)
		}
	})
}

func (s *system) importHotels(ctx context.Context, r ImportRequest, file io.Reader, progress admin.Progress) (*hotel.ImportReport, error) {
	d := delivery{Supplier: r.Options.Supplier, CreateSupplier: r.CreateSupplier, DryRun: r.Options.DryRun}
	if err := s.supplierOf(ctx, &d, identity.HotelChain); err != nil {
		return nil, err
	}
	r.Options.Supplier = d.Supplier
	return s.hotel.Import(ctx, hotel.Editor{Subject: byImport}, file, r.Options, func(done, total int) {
		if progress != nil {
			progress(int64(done), int64(total))
		}
	})
}

// supplierOf finds the supplier of a delivery, or makes the one it names.
func (s *system) supplierOf(ctx context.Context, d *delivery, kind identity.SupplierKind) error {
	if d.CreateSupplier != "" {
		d.Supplier = supplierNamed(d.CreateSupplier)
	}
	found, err := s.identity.Supplier(ctx, d.Supplier)
	switch {
	case err == nil && found.Kind != kind:
		return fault.New(fault.Invalid, "supplier_kind", "%s is of another kind (%s) than this file is for (%s).", found.Name, found.Kind, kind)
	case err == nil || d.CreateSupplier == "":
		return err
	case d.DryRun:
		return nil
	}
	_, err = s.identity.CreateSupplier(ctx, identity.Supplier{ID: d.Supplier, Name: d.CreateSupplier, Kind: kind})
	return err
}

// supplierNamed is the id of a supplier that an import makes: of the name alone, so that importing again finds it.
func supplierNamed(name string) uid.ID {
	hash := sha256.Sum256([]byte("imported supplier " + name))
	id := uid.ID(hash[:16])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // RFC 9562, version 8: made by a rule of our own
	return id
}

// Audit checks everything: on PostgreSQL by itself, embedded through the server that runs, else with the data folder
// taken.
func Audit(ctx context.Context, c *config.Config, log *slog.Logger, progress admin.Progress) (*reservation.AuditReport, error) {
	report := &reservation.AuditReport{}
	s := newSystem(c, log)
	if c.Embedded() {
		err := admin.Call(ctx, s.adminFolder(), auditJob, nil, nil, report, progress)
		if !errors.Is(err, admin.ErrNoServer) {
			return report, err
		}
		if s.folder, err = folder.OpenExisting(c.Data); err != nil {
			return nil, err
		}
		defer func() { _ = s.folder.Close() }() // nothing was written
	}
	var err error
	if s.stores, err = openStores(ctx, s.engines()); err != nil {
		return nil, err
	}
	defer func() { _ = s.stores.close() }() // only read
	s.sell()
	return s.audit(ctx, 1, progress)
}

// ImportHotels imports a file: embedded through the server that runs, else by services of its own.
func ImportHotels(ctx context.Context, c *config.Config, log *slog.Logger, r ImportRequest, file io.Reader, progress admin.Progress) (*hotel.ImportReport, error) {
	return imported(ctx, c, log, importJob, r, r.Options.DryRun, file, progress, func(ctx context.Context, s *system) (*hotel.ImportReport, error) {
		return s.importHotels(ctx, r, file, progress)
	})
}

// imported runs an import: as a job of the server that runs on the data folder, else by work on services of its own.
func imported[R any](
	ctx context.Context, c *config.Config, log *slog.Logger, job string, request any, dryRun bool, file io.Reader, progress admin.Progress,
	work func(context.Context, *system) (*R, error),
) (*R, error) {
	report := new(R)
	s := newSystem(c, log)
	if c.Embedded() {
		options, err := json.Marshal(request)
		if err != nil {
			return nil, err
		}
		err = admin.Call(ctx, s.adminFolder(), job, url.Values{optionsParameter: {string(options)}}, file, report, progress)
		if !errors.Is(err, admin.ErrNoServer) {
			return report, err
		}
		if _, err := os.Stat(c.Data); errors.Is(err, fs.ErrNotExist) && dryRun {
			// Nothing is there to compare with, and a dry run leaves nothing behind.
			scratch, err := os.MkdirTemp("", "holdfast-import-")
			if err != nil {
				return nil, err
			}
			defer func() { _ = os.RemoveAll(scratch) }() // of the system's temporary folder
			own := *c
			own.Data = scratch
			s.config = &own
		}
		log.Info("no server runs on this data folder; importing without one", "data", c.Data)
	} else {
		// This process runs beside the server of the same node and writes streams of its own.
		own := *c
		own.Node = importNode(c.Node)
		s.config = &own
	}
	err := s.run(ctx, func(ctx context.Context) (err error) {
		report, err = work(ctx, s)
		return err
	})
	return report, err
}

// importNode is the node name of a process that imports beside the server of a node; at most 63 characters.
func importNode(node string) string {
	const suffix = ".import"
	return node[:min(len(node), 63-len(suffix))] + suffix
}

// run starts the services, does one thing, and stops them.
func (s *system) run(ctx context.Context, work func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var failed error
	none := func() ([]identity.Token, error) { return nil, nil }
	components := append(s.modules(s.config.Embedded(), none), lifecycle.Component{
		Name: "work", Start: func(ctx context.Context, _ func(error)) error {
			defer cancel()
			failed = work(ctx)
			return nil
		},
	})
	err := lifecycle.Run(ctx, lifecycle.Options{Drain: s.config.Times.Drain, Signals: lifecycle.Signals(), Log: s.log}, components...)
	return errors.Join(failed, err)
}

// Migrate brings all stores to the version this binary needs and says so line by line.
func Migrate(ctx context.Context, c *config.Config, log *slog.Logger, out io.Writer) error {
	s := newSystem(c, log)
	if c.Embedded() {
		var err error
		if s.folder, err = folder.OpenExisting(c.Data); err != nil {
			return err
		}
		defer func() { _ = s.folder.Close() }() // the kernel unlocks it in any case
	}
	for _, e := range s.engines() {
		begin := time.Now()
		if err := e.migrate(ctx); err != nil {
			return fmt.Errorf("store of %s: %w", e.name, err)
		}
		if _, err := fmt.Fprintf(out, "%-12s is at the version this binary needs (%v)\n", e.name, time.Since(begin).Round(time.Millisecond)); err != nil {
			return err
		}
	}
	return nil
}
