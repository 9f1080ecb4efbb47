//! Links the addon the way Node-API needs it on each platform.

fn main() {
    napi_build::setup();
}
