package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	intakepostgres "holdfast/feed/intake/postgres"
	intakesqlite "holdfast/feed/intake/sqlite"
	flightpostgres "holdfast/flight/postgres"
	flightsqlite "holdfast/flight/sqlite"
	hotelpostgres "holdfast/hotel/postgres"
	hotelsqlite "holdfast/hotel/sqlite"
	identitypostgres "holdfast/identity/postgres"
	identitysqlite "holdfast/identity/sqlite"
	"holdfast/internal/admin"
	"holdfast/internal/backup"
	"holdfast/internal/config"
	"holdfast/internal/folder"
	"holdfast/internal/sqlitedb"
	paymentpostgres "holdfast/payment/postgres"
	paymentsqlite "holdfast/payment/sqlite"
	railpostgres "holdfast/rail/postgres"
	railsqlite "holdfast/rail/sqlite"
	reservationpostgres "holdfast/reservation/postgres"
	reservationsqlite "holdfast/reservation/sqlite"
)

// The backup of a data folder, while a server sells from it.
//
// The stores are several files, and work goes over from one to the other: a reservation notes that a payment is to be
// captured, payment captures it, the reservation notes that. Copied one after the other, in whatever order, the files
// are of several instants, and no order is right. With payment first, a reservation is paid in its copy by money that the copy
// of payment has never heard of: sold and not paid for. With reservation first, payment's copy holds money for
// reservations that are not there. Either is a state that no crash could have left, and nothing repairs it.
//
// So nothing is ordered. For an instant, writers are kept out of all stores at once (Hold); in it a read transaction is
// opened on each file, which fixes the file's state and costs a read of one page; then everybody goes on, and the files
// are copied from those transactions, for as long as it takes. The copies are what the disk would have held had the
// power failed at that instant: every commit that was answered before it is there, none after it is. What was under
// way between two services then is what a crash leaves behind, and is resumed as after a crash: sagas by their step
// (reservation/saga.go), commands of hotel from their queue (hotel/command.go), readers of the outbox from the
// positions in the same files. test/prove/backup shows it under load, and shows the files of two instants failing.
//
// Nobody waits for another store's writer while being one: no transaction is open while another service is asked. The
// stores are held in an order that takes reservation last, because its writers are the ones people wait for.

// backupJob is the backup's job on the admin socket.
const backupJob = "backup"

// targetParameter carries the absolute path of the target.
const targetParameter = "target"

// holdWait bounds the wait for the writers of all stores to pause. Selling stands still for a part of it at most.
const holdWait = 20 * time.Second

// derived are files of a data folder that a server makes anew, by the pattern of their name.
var derived = []string{"lock", admin.SocketName, "*.db-wal", "*.db-shm", "*.db-journal", "*.new*", "*.image", "lost+found"}

// BackupReport says what a backup holds.
type BackupReport struct {
	Target   string           `json:"target"`
	Manifest *backup.Manifest `json:"manifest"`
	// TokensOutside is the file of tokens of the server, if it is not in the data folder: it was not copied.
	TokensOutside string `json:"tokens_outside,omitempty"`
}

// Backup copies the data folder of c into a new folder at target: through the server that runs, else with the folder
// taken. On PostgreSQL it fails with a *PostgresBackup that says what to do.
func Backup(ctx context.Context, c *config.Config, log *slog.Logger, target string, progress admin.Progress) (*BackupReport, error) {
	if !c.Embedded() {
		return nil, &PostgresBackup{URL: c.Database.URL}
	}
	target, err := filepath.Abs(target)
	if err != nil {
		return nil, err
	}
	report := &BackupReport{}
	s := newSystem(c, log)
	err = admin.Call(ctx, s.adminFolder(), backupJob, url.Values{targetParameter: {target}}, nil, report, progress)
	if !errors.Is(err, admin.ErrNoServer) {
		return report, err
	}
	if s.folder, err = folder.OpenExisting(c.Data); err != nil {
		return nil, err
	}
	defer func() { _ = s.folder.Close() }() // nothing was written
	return s.backup(ctx, target, progress)
}

// holder is a store whose writers can be kept out for an instant.
type holder interface {
	Hold(ctx context.Context) (release func(), err error)
}

// holders are the stores in the order in which they are held. None are where no server runs: the folder is ours, and
// nobody writes.
func (s *system) holders() ([]holder, error) {
	if s.stores == nil {
		return nil, nil
	}
	var all []holder
	for _, store := range []any{s.stores.feeds, s.stores.flight, s.stores.rail, s.stores.hotel, s.stores.identity, s.stores.payment, s.stores.reservation} {
		h, ok := store.(holder)
		if !ok {
			return nil, fmt.Errorf("the store %T cannot be held", store)
		}
		all = append(all, h)
	}
	return all, nil
}

// backup copies the system's folder.
func (s *system) backup(ctx context.Context, target string, progress admin.Progress) (*BackupReport, error) {
	dir, err := filepath.Abs(s.folder.Dir())
	if err != nil {
		return nil, err
	}
	if within(target, dir) {
		return nil, fmt.Errorf("the target %s is in the data folder; name a place outside of it, best on another disk", target)
	}
	m := backup.Manifest{Version: s.build.Version, Commit: s.build.Revision, Mode: s.folder.Mode().String(), Started: time.Now().UTC()}
	report := &BackupReport{Target: target}
	tokens := ""
	if s.config.Token != "" {
		if tokens, err = filepath.Abs(s.config.Token); err != nil {
			return nil, err
		}
		if filepath.Dir(tokens) != dir {
			report.TokensOutside, tokens = tokens, ""
		}
	}
	databases, plain, err := s.contents(dir, tokens, &m)
	if err != nil {
		return nil, err
	}
	snapshots, err := s.cut(ctx, databases, &m)
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, snapshot := range snapshots {
			_ = snapshot.Close() // only read
		}
	}()
	var sources []backup.Source
	for i, snapshot := range snapshots {
		source := backup.Source{File: backup.File{Name: databases[i], Kind: backup.Database}, Copy: snapshot.Copy}
		if source.Schema, err = snapshot.Version(); err != nil {
			return nil, err
		}
		if source.Bytes, err = snapshot.Size(); err != nil {
			return nil, err
		}
		sources = append(sources, source)
	}
	for _, name := range plain {
		sources = append(sources, backup.Source{File: backup.File{Name: name, Kind: backup.Plain}, Copy: copyOf(filepath.Join(dir, name))})
	}
	report.Manifest, err = backup.Write(ctx, target, m, sources, backup.Progress(progress))
	return report, err
}

// contents lists what of the data folder is copied, and notes in the manifest what is not.
func (s *system) contents(dir, tokens string, m *backup.Manifest) (databases, plain []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("look into the data folder: %w", err)
	}
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case slices.ContainsFunc(derived, func(pattern string) bool { ok, _ := filepath.Match(pattern, name); return ok }):
		case entry.Type().IsRegular() && filepath.Ext(name) == ".db":
			databases = append(databases, name)
		case name == folder.ModeName, filepath.Join(dir, name) == tokens:
			plain = append(plain, name)
		default:
			m.LeftOut = append(m.LeftOut, name)
		}
	}
	return databases, plain, nil
}

// cut fixes the state of all databases of the folder at one instant.
func (s *system) cut(ctx context.Context, databases []string, m *backup.Manifest) (snapshots []*sqlitedb.Snapshot, err error) {
	defer func() {
		if err != nil {
			for _, snapshot := range snapshots {
				_ = snapshot.Close() // only read
			}
		}
	}()
	for _, name := range databases { // opened before anybody has to wait
		snapshot, err := sqlitedb.NewSnapshot(ctx, s.folder.Path(name))
		if err != nil {
			return snapshots, err
		}
		snapshots = append(snapshots, snapshot)
	}
	stores, err := s.holders()
	if err != nil {
		return snapshots, err
	}
	waiting, cancel := context.WithTimeout(ctx, holdWait)
	defer cancel()
	began := time.Now()
	for _, store := range stores {
		release, err := store.Hold(waiting)
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			return snapshots, fmt.Errorf("something large is being written, and did not end within %v; try again when it has", holdWait)
		}
		if err != nil {
			return snapshots, err
		}
		defer release()
		began = time.Now() // of the last store: the one that sells
	}
	m.Instant = began.UTC()
	for _, snapshot := range snapshots {
		if err := snapshot.Take(ctx); err != nil {
			return snapshots, err
		}
	}
	m.Held = time.Since(began)
	return snapshots, nil
}

// within tells whether path is dir or below it, both absolute. Links are followed as far as they exist.
func within(path, dir string) bool {
	for at := path; ; at = filepath.Dir(at) {
		if found, err := filepath.EvalSymlinks(at); err == nil {
			path = filepath.Join(found, strings.TrimPrefix(path, at))
			break
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	if found, err := filepath.EvalSymlinks(dir); err == nil {
		dir = found
	}
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// copyOf copies a small file that is only ever replaced as a whole.
func copyOf(from string) func(context.Context, string, func(int64)) error {
	return func(_ context.Context, to string, _ func(int64)) error {
		text, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		return backup.WriteFile(to, text)
	}
}

// VerifyBackup compares the backup at target with its manifest and reads every page of its databases.
func VerifyBackup(ctx context.Context, target string, progress admin.Progress) (*backup.Manifest, error) {
	m, err := backup.Verify(ctx, target, backup.Progress(progress))
	if err != nil {
		return nil, err
	}
	for _, f := range m.Files {
		if f.Kind != backup.Database {
			continue
		}
		if err := sqlitedb.Check(ctx, filepath.Join(target, f.Name)); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Damaged tells whether err says that a backup is there and is not what was written.
func Damaged(err error) bool {
	return errors.Is(err, backup.ErrDamaged) || errors.Is(err, sqlitedb.ErrCorrupt)
}

// databaseFiles are the files of the embedded stores, with the version of each that this binary needs.
var databaseFiles = map[string]func() (int64, error){
	"identity.db": identitysqlite.Schema, "payment.db": paymentsqlite.Schema, "reservation.db": reservationsqlite.Schema, "hotel.db": hotelsqlite.Schema,
	"rail.db": railsqlite.Schema, "flight.db": flightsqlite.Schema, "feeds.db": intakesqlite.Schema,
}

// Restore brings the backup at target into the data folder of c, which must be empty or absent.
func Restore(ctx context.Context, c *config.Config, target string, progress admin.Progress) (*backup.Manifest, error) {
	if !c.Embedded() {
		return nil, &PostgresBackup{URL: c.Database.URL}
	}
	known := map[string]int64{}
	for name, schema := range databaseFiles {
		version, err := schema()
		if err != nil {
			return nil, err
		}
		known[name] = version
	}
	return backup.Restore(ctx, target, c.Data, known, backup.Progress(progress))
}

// PostgresBackup is the answer to who wants a backup of a PostgreSQL.
type PostgresBackup struct{ URL string }

// Error says why there is none, in one line; Commands say what to do.
func (*PostgresBackup) Error() string {
	return "the data is in PostgreSQL, whose own tools copy it while servers run; nothing was done"
}

// Commands are what to type.
func (p *PostgresBackup) Commands() string {
	dsn := "postgres://USER@HOST/DATABASE"
	if address, err := url.Parse(p.URL); err == nil && address.Host != "" {
		if address.User != nil {
			address.User = url.User(address.User.Username())
		}
		dsn = address.String()
	}
	var schemas strings.Builder
	for _, schema := range []string{identitypostgres.Schema, paymentpostgres.Schema, reservationpostgres.Schema, hotelpostgres.Schema, railpostgres.Schema, flightpostgres.Schema, intakepostgres.Schema} {
		_, _ = fmt.Fprintf(&schemas, " --schema=%s", schema)
	}
	return fmt.Sprintf(`All services in one command, never one after the other: a single snapshot is a state that was there, and payments
under way are resumed from it. Passwords come from PGPASSWORD or ~/.pgpass.

    pg_dump --format=custom --no-owner%[2]s --file=holdfast.dump '%[1]s'

Bring it into an empty database, then start servers on that:

    pg_restore --no-owner --exit-on-error --dbname='postgres://USER@HOST/EMPTY' holdfast.dump
    holdfast migrate --database-url 'postgres://USER@HOST/EMPTY'
    holdfast audit --database-url 'postgres://USER@HOST/EMPTY'

A dump is as old as its beginning. To lose nothing, keep a copy of the server and every commit after it (archive_mode,
archive_command), or a standby that commits with it: docs/operations.md, "Backup and restore" and "Failover".

    pg_basebackup --pgdata=FOLDER --checkpoint=fast --wal-method=stream --progress --dbname='%[1]s'
`, dsn, schemas.String())
}

// WriteBackup prints a report for people.
func WriteBackup(w io.Writer, r *BackupReport) error {
	p := &printer{w: w}
	p.line("Backup in %s", r.Target)
	writeManifest(p, r.Manifest)
	p.line("  writers stood still for %v; the copy took %v", r.Manifest.Held.Round(10*time.Microsecond), r.Manifest.Ended.Sub(r.Manifest.Started).Round(time.Millisecond))
	if r.TokensOutside != "" {
		p.line("  not in it: the tokens in %s, which is not in the data folder; copy that file yourself", r.TokensOutside)
	}
	for _, name := range r.Manifest.LeftOut {
		p.line("  not in it: %s, which is no file of ours", name)
	}
	p.line("It holds secrets and people's data: keep it as safe as the data folder.")
	p.line("Check it with:    holdfast backup --verify %s", r.Target)
	p.line("Bring it back:    holdfast restore %s --data NEW-FOLDER", r.Target)
	return p.err
}

// WriteVerified prints what was found right.
func WriteVerified(w io.Writer, target string, m *backup.Manifest) error {
	p := &printer{w: w}
	p.line("The backup in %s is whole: sizes, sums and every page.", target)
	writeManifest(p, m)
	return p.err
}

// WriteRestored prints what was brought back.
func WriteRestored(w io.Writer, c *config.Config, m *backup.Manifest) error {
	p := &printer{w: w}
	p.line("Restored into %s", c.Data)
	writeManifest(p, m)
	p.line("What was answered after that instant is not in it. Next:")
	p.line("    holdfast audit --data %s", c.Data)
	flags := ""
	if m.Mode == folder.Test.String() {
		flags = " --test-mode"
	}
	p.line("    holdfast serve --data %s%s", c.Data, flags)
	return p.err
}

func writeManifest(p *printer, m *backup.Manifest) {
	p.line("  state of    %s, %s data", m.Instant.Format(time.RFC3339Nano), m.Mode)
	p.line("  made by     holdfast %s (revision %s)", m.Version, m.Commit)
	for _, f := range m.Files {
		p.line("  %-16s %12d bytes  sha256 %s", f.Name, f.Size, f.SHA256)
	}
}

// inspect refuses to serve from damaged files.
func (s *system) inspect(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(databaseFiles)) {
		err := sqlitedb.Inspect(ctx, s.folder.Path(name))
		if errors.Is(err, sqlitedb.ErrCorrupt) {
			return fmt.Errorf("a file of the data folder is damaged: %w; nothing was changed. Keep the folder as it is, and bring a backup into a new one: holdfast restore BACKUP --data NEW-FOLDER", err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
