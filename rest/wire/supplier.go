package wire

import "reflect"

var moneyType = reflect.TypeFor[Money]()

// SupplierRequest makes a supplier.
type SupplierRequest struct {
	ID   string `json:"id,omitempty" pattern:"^sup_[0-9a-hjkmnp-tv-z]{26}$" patternDescription:"sup_ and 26 characters of base32" example:"sup_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"An id of your choice, to make the call repeatable; without one we choose."`
	Name string `json:"name" minLength:"1" maxLength:"200" example:"Seaside Hotels" doc:"Name of the company."`
	Kind string `json:"kind" enum:"hotel_chain,airline,railway" example:"hotel_chain" doc:"What it sells."`
}

// Supplier owns stock and content.
type Supplier struct {
	ID        string `json:"id" example:"sup_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the supplier."`
	Name      string `json:"name" example:"Seaside Hotels" doc:"Name of the company."`
	Kind      string `json:"kind" enum:"hotel_chain,airline,railway" example:"hotel_chain" doc:"What it sells."`
	CreatedAt string `json:"created_at" format:"date-time" example:"2026-11-22T09:30:00Z" doc:"When it was made."`
}

// SupplierList is a page of suppliers.
type SupplierList struct {
	Suppliers []Supplier `json:"suppliers" doc:"By name."`
	Next      *string    `json:"next" example:"MDFrYXZ3eQ" doc:"Cursor of the next page for the parameter after; null at the end."`
}

// ClockRequest moves the sandbox clock.
type ClockRequest struct {
	Now            string `json:"now,omitempty" format:"date-time" example:"2027-03-01T12:00:00Z" doc:"Set the clock to this instant; not before what it shows."`
	AdvanceSeconds int64  `json:"advance_seconds,omitzero" minimum:"1" maximum:"315360000" example:"900" doc:"Or move it forward by so many seconds."`
}

// ClockReading is what the sandbox clock shows.
type ClockReading struct {
	Now string `json:"now" format:"date-time" example:"2027-03-01T12:00:00Z" doc:"What the clock of the system shows."`
}

// Health is the answer of a probe.
type Health struct {
	Status  string `json:"status" enum:"ok" example:"ok" doc:"Always ok: what is not well is answered with a problem."`
	Version string `json:"version" example:"0.1.0" doc:"Version of the software."`
}
