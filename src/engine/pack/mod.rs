//! The pack model: cells, modules, totals, flags, ages. Pure: values and a clock reading in, values out.
