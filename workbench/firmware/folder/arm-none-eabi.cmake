# SPDX-License-Identifier: Apache-2.0
# For `cmake --toolchain`: GCC for Cortex-M; CPU says for which.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CPU cortex-m4 CACHE STRING "as -mcpu has it")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES CPU)
set(CMAKE_C_FLAGS_INIT "-mcpu=$${CPU} -mthumb -ffunction-sections -fdata-sections")
