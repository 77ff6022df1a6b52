from typing import Any

# Generated when the wheel is built (third_party/executorch_schemas.cmake).
program_generated: Any
runtime_schema_generated: Any
scalar_type_generated: Any
